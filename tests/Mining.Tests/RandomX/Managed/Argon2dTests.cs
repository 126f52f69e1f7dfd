using P2PMiner.Mining.RandomX.Managed;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

[TestFixture]
public sealed unsafe class Argon2dTests
{
    [Test]
    public void Argon2d_IsTheSameWithAndWithoutVectors([Values(8, 64, 1024)] int blocks, [Values(1, 3)] int passes, [Values(16, 32, 64)] int vector)
    {
        if (!(vector switch { 64 => Argon2Vector512.IsSupported, 32 => Argon2Vector.IsSupported, _ => Argon2Vector128.IsSupported }))
            Assert.Ignore($"this CPU has no vectors of {vector} bytes");
        byte[] scalar = new byte[blocks * Argon2d.BlockSize];
        byte[] other = new byte[scalar.Length];
        fixed (byte* scalarMemory = scalar, vectorMemory = other)
        {
            Argon2d.Fill(scalarMemory, blocks, passes, "password"u8, "somesalt"u8, maxVector: 0);
            Argon2d.Fill(vectorMemory, blocks, passes, "password"u8, "somesalt"u8, vector);
        }
        Assert.That(other, Is.EqualTo(scalar));
    }

    [Test]
    public void Argon2d_StopsWhenCancelled()
    {
        byte[] memory = new byte[8 * Argon2d.BlockSize];
        fixed (byte* pointer = memory)
        {
            nint address = (nint)pointer;
            Assert.That(
                () => Argon2d.Fill((byte*)address, 8, 1, [], "somesalt"u8, cancellation: new CancellationToken(canceled: true)),
                Throws.InstanceOf<OperationCanceledException>());
        }
    }
}

using System.Buffers.Binary;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining.Tests.Threads;

/// <summary>A job whose blobs are those of Monero, for a chain that there is not.</summary>
internal sealed class TestJob : Job
{
    public override JobSource Source => JobSource.Chain;

    public static TestJob Create(int number, Hash256 key, UInt128? share = null, UInt128? network = null, INonceRanges? ranges = null) => new()
    {
        Ranges = ranges,
        Id = $"test-{number}",
        Key = key,
        Height = (ulong)number,
        ShareDifficulty = share ?? 1,
        NetworkDifficulty = network ?? 1,
    };

    public override int WriteHashingBlob(ulong extraNonce, Span<byte> destination, out int nonceOffset)
    {
        Span<byte> root = stackalloc byte[Hash256.Size];
        root.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(root, extraNonce);
        return new HashingBlob(1, 0, Height, Hash256.Zero, new Hash256(root), 1).Write(0, destination, out nonceOffset);
    }
}

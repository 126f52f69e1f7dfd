using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Mining.Tests.Monero;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>Known answers for the inner steps of RandomX, as the installed library computes them.</summary>
[TestFixture]
public sealed unsafe class PrimitiveVectorTests
{
    private const int Argon2BlockWords = 128;
    private const int Argon2Lanes = 4;
    private const int Argon2Blocks = 32;

    [OneTimeSetUp]
    public void RequireInternals()
    {
        if (!LibRandomXInternals.IsAvailable)
            Assert.Ignore("the library's inner functions are only looked up on x86-64 Linux");
    }

    [Test]
    public void Blake2b_MatchesPublishedVectors()
    {
        foreach (JsonElement vector in VectorFile.Read("randomx-blake2b.json"))
            Assert.That(Blake2b(64, vector.Hex("input"), vector.Hex("key")), Is.EqualTo(vector.Hex("hash")), vector.Text("input"));
    }

    [Test]
    public void Reciprocal_MatchesReferenceTests()
    {
        foreach (JsonElement vector in VectorFile.Read("randomx-reciprocal.json"))
        {
            ulong divisor = vector.GetProperty("divisor").GetUInt64();
            ulong expected = ulong.Parse(vector.Text("reciprocal"), CultureInfo.InvariantCulture);
            Assert.That(LibRandomXInternals.randomx_reciprocal(divisor), Is.EqualTo(expected));
            Assert.That(LibRandomXInternals.randomx_reciprocal_fast(divisor), Is.EqualTo(expected));
        }
    }

    [Test]
    public void AesGenerator1R_MatchesReferenceTests([Values] bool hard)
    {
        if (hard && !RandomXCpu.SupportedFlags.HasFlag(RandomXFlags.HardAes))
            Assert.Ignore("this CPU has no AES instructions");
        foreach (JsonElement vector in VectorFile.Read("randomx-aes.json"))
        {
            byte* state = (byte*)NativeMemory.AlignedAlloc(64, 16);
            try
            {
                var bytes = new Span<byte>(state, 64);
                bytes.Clear();
                vector.Hex("state").CopyTo(bytes);
                if (hard)
                    LibRandomXInternals.FillAes1Rx4Hard(state, 64, state);
                else
                    LibRandomXInternals.FillAes1Rx4Soft(state, 64, state);
                Assert.That(bytes[..32].ToArray(), Is.EqualTo(vector.Hex("next")));
            }
            finally
            {
                NativeMemory.AlignedFree(state);
            }
        }
    }

    [Test]
    public void Argon2d_MatchesRfc9106([Values("ref", "ssse3", "avx2")] string implementation)
    {
        nint function = Argon2Implementation(implementation);
        JsonElement inputs = VectorFile.Read("randomx-argon2d.json", "inputs")[0];
        foreach (IGrouping<int, JsonElement> pass in VectorFile.Read("randomx-argon2d.json").GroupBy(v => v.GetProperty("pass").GetInt32()))
        {
            ulong[] memory = FillArgon2d(inputs, (uint)pass.Key, function, out byte[] digest);
            Assert.That(digest, Is.EqualTo(inputs.Hex("preHashingDigest")));
            foreach (JsonElement vector in pass)
            {
                int word = vector.GetProperty("block").GetInt32() * Argon2BlockWords + vector.GetProperty("word").GetInt32();
                Assert.That(memory[word].ToString("x16", CultureInfo.InvariantCulture), Is.EqualTo(vector.Text("value")));
            }
            if (pass.Key == 3)
                Assert.That(Tag(memory), Is.EqualTo(inputs.Hex("tag")));
        }
    }

    private static nint Argon2Implementation(string name)
    {
        if (name == "ref")
            return NativeLibrary.GetExport(NativeLibrary.Load("librandomx.so.0"), "randomx_argon2_fill_segment_ref");
        RandomXFlags flag = name == "avx2" ? RandomXFlags.Argon2Avx2 : RandomXFlags.Argon2Ssse3;
        if (!RandomXCpu.SupportedFlags.HasFlag(flag))
            Assert.Ignore($"this CPU has no {name}");
        return name == "avx2" ? LibRandomXInternals.randomx_argon2_impl_avx2() : LibRandomXInternals.randomx_argon2_impl_ssse3();
    }

    private static ulong[] FillArgon2d(JsonElement inputs, uint passes, nint implementation, out byte[] digest)
    {
        byte[] password = inputs.Hex("password");
        byte[] salt = inputs.Hex("salt");
        byte[] secret = inputs.Hex("secret");
        byte[] data = inputs.Hex("data");
        digest = new byte[64];
        ulong* memory = (ulong*)NativeMemory.AlignedAlloc(Argon2Blocks * 1024, 64);
        try
        {
            fixed (byte* passwordPointer = password, saltPointer = salt, secretPointer = secret, dataPointer = data, digestPointer = digest)
            {
                // The digest covers the number of passes in the context, which stays 3; the instance stops earlier.
                var context = new LibRandomXInternals.Argon2Context
                {
                    OutputSize = 32,
                    Password = passwordPointer,
                    PasswordSize = (uint)password.Length,
                    Salt = saltPointer,
                    SaltSize = (uint)salt.Length,
                    Secret = secretPointer,
                    SecretSize = (uint)secret.Length,
                    Data = dataPointer,
                    DataSize = (uint)data.Length,
                    TimeCost = 3,
                    MemoryCost = Argon2Blocks,
                    Lanes = Argon2Lanes,
                    Threads = 1,
                    Version = 0x13,
                };
                var instance = new LibRandomXInternals.Argon2Instance
                {
                    Memory = memory,
                    Version = context.Version,
                    Passes = passes,
                    MemoryBlocks = Argon2Blocks,
                    SegmentLength = Argon2Blocks / (Argon2Lanes * 4),
                    LaneLength = Argon2Blocks / Argon2Lanes,
                    Lanes = Argon2Lanes,
                    Threads = 1,
                    Implementation = implementation,
                };
                LibRandomXInternals.rxa2_initial_hash(digestPointer, &context, 0);
                Assert.That(LibRandomXInternals.randomx_argon2_initialize(&instance, &context), Is.Zero);
                Assert.That(LibRandomXInternals.randomx_argon2_fill_memory_blocks(&instance), Is.Zero);
            }
            return new ReadOnlySpan<ulong>(memory, Argon2Blocks * Argon2BlockWords).ToArray();
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    // RFC 9106, section 3.2: the tag is H' of the XOR of every lane's last block.
    private static byte[] Tag(ulong[] memory)
    {
        var final = new ulong[Argon2BlockWords];
        int laneWords = Argon2Blocks / Argon2Lanes * Argon2BlockWords;
        for (int lane = 0; lane < Argon2Lanes; lane++)
        {
            for (int word = 0; word < Argon2BlockWords; word++)
                final[word] ^= memory[(lane + 1) * laneWords - Argon2BlockWords + word];
        }
        var tag = new byte[32];
        fixed (byte* output = tag)
        fixed (ulong* input = final)
            Assert.That(LibRandomXInternals.randomx_blake2b_long(output, 32, (byte*)input, 1024), Is.Zero);
        return tag;
    }

    private static byte[] Blake2b(int size, byte[] input, byte[] key)
    {
        var hash = new byte[size];
        fixed (byte* hashPointer = hash, inputPointer = input, keyPointer = key)
        {
            int result = LibRandomXInternals.randomx_blake2b(
                hashPointer, (nuint)size, inputPointer, (nuint)input.Length, keyPointer, (nuint)key.Length);
            Assert.That(result, Is.Zero);
        }
        return hash;
    }
}

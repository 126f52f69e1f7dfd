using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>The generators and the hash made of AES rounds, against librandomx's.</summary>
public sealed unsafe class AesTests
{
    private const int StateSize = 64;
    private const int Sizes = 20;

    [Test]
    public void Generators_GiveWhatLibRandomXGives([Values] bool hard)
    {
        Require(hard);
        byte[] state = new byte[StateSize];
        for (int size = StateSize; size <= Sizes * StateSize; size += StateSize)
        {
            new Random(size).NextBytes(state);
            byte[] output = new byte[size];

            byte[] expected = Native(state, size, (s, o) => Fill4R(hard, s, (nuint)size, o), out _);
            AesGenerator4R.Fill(state, output);
            Assert.That(output, Is.EqualTo(expected));

            expected = Native(state, size, (s, o) => Fill1R(hard, s, (nuint)size, o), out byte[] expectedState);
            AesGenerator1R.Fill(state, output);
            Assert.That(output, Is.EqualTo(expected));
            Assert.That(state, Is.EqualTo(expectedState));
        }
    }

    [Test]
    public void Hash_GivesWhatLibRandomXGives([Values] bool hard)
    {
        Require(hard);
        byte[] hash = new byte[StateSize];
        foreach (int size in new[] { StateSize, 10 * StateSize, Parameters.ScratchpadL3 })
        {
            byte[] input = new byte[size];
            new Random(size).NextBytes(input);
            AesHash1R.Hash(input, hash);
            byte[] expected = Native(input, StateSize, (i, o) => Hash1R(hard, i, (nuint)size, o), out _);
            Assert.That(hash, Is.EqualTo(expected));
        }
    }

    [Test]
    public void HashAndFill_OfSeveralScratchpadsAtOnce_IsThatOfEach([Range(1, WideAes.MostLanes)] int lanes)
    {
        if (!WideAes.IsSupported)
            Assert.Ignore("this CPU has no VAES on 512 bits");
        Random random = new(lanes);
        byte[] states = new byte[lanes * StateSize];
        byte[] hashes = new byte[lanes * StateSize];
        byte[] scratchpads = new byte[lanes * Parameters.ScratchpadL3];
        random.NextBytes(states);
        random.NextBytes(scratchpads);
        byte[] expectedStates = [.. states];
        byte[] expectedHashes = new byte[hashes.Length];
        byte[] expected = [.. scratchpads];
        for (int lane = 0; lane < lanes; lane++)
        {
            Range part = (lane * StateSize)..((lane + 1) * StateSize);
            AesHash1R.HashAndFill(
                expected.AsSpan(lane * Parameters.ScratchpadL3, Parameters.ScratchpadL3), expectedHashes.AsSpan(part), expectedStates.AsSpan(part));
        }

        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)scratchpads.Length, StateSize);
        scratchpads.CopyTo(new Span<byte>(memory, scratchpads.Length));
        WideAes.HashAndFill(memory, hashes, states);
        new Span<byte>(memory, scratchpads.Length).CopyTo(scratchpads);
        NativeMemory.AlignedFree(memory);

        Assert.That(hashes, Is.EqualTo(expectedHashes));
        Assert.That(states, Is.EqualTo(expectedStates));
        Assert.That(scratchpads.AsSpan().SequenceEqual(expected), Is.True);
    }

    [Test]
    public void Round_FromTables_IsTheCpus()
    {
        if (!X86Aes.IsSupported)
            Assert.Ignore("this CPU has no AES instructions");
        Random random = new(6);
        byte[] bytes = new byte[32];
        for (int i = 0; i < 1000; i++)
        {
            random.NextBytes(bytes);
            Vector128<byte> state = Vector128.Create(bytes, 0), key = Vector128.Create(bytes, 16);
            Assert.That(AesRound.EncryptSoft(state, key), Is.EqualTo(X86Aes.Encrypt(state, key)));
            Assert.That(AesRound.DecryptSoft(state, key), Is.EqualTo(X86Aes.Decrypt(state, key)));
        }
    }

    private static void Require(bool hard)
    {
        if (!LibRandomXInternals.IsAvailable)
            Assert.Ignore("the library's inner functions are only looked up on x86-64 Linux");
        if (hard && !X86Aes.IsSupported)
            Assert.Ignore("this CPU has no AES instructions");
    }

    private static void Fill4R(bool hard, byte* state, nuint size, byte* output)
    {
        if (hard)
            LibRandomXInternals.FillAes4Rx4Hard(state, size, output);
        else
            LibRandomXInternals.FillAes4Rx4Soft(state, size, output);
    }

    private static void Fill1R(bool hard, byte* state, nuint size, byte* output)
    {
        if (hard)
            LibRandomXInternals.FillAes1Rx4Hard(state, size, output);
        else
            LibRandomXInternals.FillAes1Rx4Soft(state, size, output);
    }

    private static void Hash1R(bool hard, byte* input, nuint size, byte* hash)
    {
        if (hard)
            LibRandomXInternals.HashAes1Rx4Hard(input, size, hash);
        else
            LibRandomXInternals.HashAes1Rx4Soft(input, size, hash);
    }

    // The library wants its memory aligned to 16 bytes.
    private static byte[] Native(byte[] input, int outputSize, NativeCall call, out byte[] inputAfter)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)(input.Length + outputSize), StateSize);
        try
        {
            Span<byte> copy = new(memory, input.Length), output = new(memory + input.Length, outputSize);
            input.CopyTo(copy);
            call(memory, memory + input.Length);
            inputAfter = copy.ToArray();
            return output.ToArray();
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private delegate void NativeCall(byte* input, byte* output);
}

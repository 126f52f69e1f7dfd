using System.Globalization;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>Feeds a decoder of foreign bytes with mutations of good input and with random bytes, the same ones in every run.</summary>
public static class Fuzz
{
    private const int Seed = 20261121;
    private const long DefaultBytes = 400_000;
    private const int LeastInputs = 2_000;
    private const int LongestRandomInput = 64;

    /// <summary>What a decoder may allocate for one input, with what the test itself allocates to look at the outcome: so many bytes and …</summary>
    private const int UsualAllocation = 16 * 1024;

    /// <summary>… so many for each byte of the input.</summary>
    private const int AllocationPerByte = 64;

    /// <summary>Bytes to feed to each decoder that the environment asks for, or as many as are usual for it.</summary>
    public static long Bytes(long usual = DefaultBytes) =>
        long.TryParse(Environment.GetEnvironmentVariable("P2P_MINER_FUZZ_BYTES"), CultureInfo.InvariantCulture, out long bytes) ? bytes : usual;

    /// <summary>
    /// Calls <paramref name="feed"/> until enough bytes went in. An exception, or more memory than may be allocated, fails the test with the
    /// input that did it.
    /// </summary>
    /// <param name="samples">Good input to begin with.</param>
    /// <param name="feed">Hands input to the decoder, on this thread, and looks at what came of it.</param>
    /// <param name="allocation">Bytes that may be allocated for an input, besides 64 for each of its bytes.</param>
    /// <param name="usual">Bytes to feed unless the environment says otherwise, for decoders that take long.</param>
    public static void Run(IReadOnlyList<byte[]> samples, Action<byte[]> feed, int allocation = UsualAllocation, long usual = DefaultBytes)
    {
        int count = 0;
        Run(random => count++ % 4 == 0 ? RandomBytes(random) : Mutate(random, samples[random.Next(samples.Count)]), feed, allocation, usual);
    }

    /// <summary>As above, with input that the test makes itself.</summary>
    public static void Run(Func<Random, byte[]> next, Action<byte[]> feed, int allocation = UsualAllocation, long usual = DefaultBytes)
    {
        foreach (byte[] input in Inputs(next, usual))
            Feed(input, feed, allocation);
    }

    /// <summary>As <see cref="Run(IReadOnlyList{byte[]}, Action{byte[]}, int, long)"/>, for decoders of text.</summary>
    public static void RunText(IReadOnlyList<string> samples, Action<string> feed) =>
        Run([.. samples.Select(System.Text.Encoding.Latin1.GetBytes)], input => feed(System.Text.Encoding.Latin1.GetString(input)));

    /// <summary>The inputs of a run, for tests that await something between them.</summary>
    public static IEnumerable<byte[]> Inputs(Func<Random, byte[]> next, long usual = DefaultBytes)
    {
        Random random = new(Seed);
        long fed = 0;
        for (int count = 0; fed < Bytes(usual) || count < LeastInputs; count++)
        {
            byte[] input = next(random);
            fed += input.Length;
            yield return input;
        }
    }

    /// <summary>Hands over one input, and measures what is allocated on this thread meanwhile.</summary>
    public static void Feed(byte[] input, Action<byte[]> feed, int allocation = UsualAllocation)
    {
        long bound = allocation + ((long)AllocationPerByte * input.Length);
        try
        {
            // What is made once, such as the code of a path that is taken for the first time, is not made again.
            if (Measure(input, feed) > bound && Measure(input, feed) is long allocated && allocated > bound)
                throw new AssertionException($"{allocated} bytes were allocated, more than {bound}");
        }
        catch (Exception exception)
        {
            throw new AssertionException($"input {Convert.ToHexStringLower(input)}: {exception.Message}", exception);
        }
    }

    private static long Measure(byte[] input, Action<byte[]> feed)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        feed(input);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>A changed copy: bits and bytes replaced, inserted and taken away, parts repeated, the end cut off.</summary>
    public static byte[] Mutate(Random random, byte[] sample)
    {
        List<byte> bytes = [.. sample];
        for (int changes = random.Next(1, 5); changes > 0 && bytes.Count > 0; changes--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveAt(at); break;
                case 3: bytes.Insert(at, (byte)random.Next(256)); break;
                case 4: bytes.RemoveRange(at, bytes.Count - at); break;
                default: bytes.InsertRange(at, sample.Skip(random.Next(sample.Length)).Take(random.Next(1, 40))); break;
            }
        }
        return [.. bytes];
    }

    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(LongestRandomInput)];
        random.NextBytes(bytes);
        return bytes;
    }
}

namespace P2PMiner.P2P.Tests.Support;

/// <summary>Feeds a decoder of foreign bytes with mutations of good input and with random bytes, the same ones in every run.</summary>
public static class Fuzz
{
    private const int Seed = 20261121;
    private const long DefaultBytes = 400_000;
    private const int LeastInputs = 2_000;
    private const int LongestRandomInput = 64;

    /// <summary>Bytes to feed to each decoder; the environment can ask for more.</summary>
    public static long Bytes =>
        long.TryParse(Environment.GetEnvironmentVariable("P2P_MINER_FUZZ_BYTES"), out long bytes) ? bytes : DefaultBytes;

    /// <summary>Calls <paramref name="feed"/> until enough bytes went in. What it throws fails the test with the input that did it.</summary>
    /// <param name="samples">Good input to begin with.</param>
    /// <param name="feed">Hands input to the decoder and looks at what came of it.</param>
    /// <param name="cost">How many times more than usual an input costs; so many times fewer are fed.</param>
    public static void Run(IReadOnlyList<byte[]> samples, Action<byte[]> feed, int cost = 1)
    {
        Random random = new(Seed);
        long fed = 0;
        for (int count = 0; fed * cost < Bytes || count < LeastInputs; count++)
        {
            byte[] input = count % 4 == 0 ? RandomBytes(random) : Mutate(random, samples[random.Next(samples.Count)]);
            fed += input.Length;
            try
            {
                feed(input);
            }
            catch (Exception exception)
            {
                throw new AssertionException($"input {Convert.ToHexStringLower(input)}: {exception.Message}", exception);
            }
        }
    }

    /// <summary>As <see cref="Run"/>, for decoders of text.</summary>
    public static void RunText(IReadOnlyList<string> samples, Action<string> feed) =>
        Run([.. samples.Select(System.Text.Encoding.Latin1.GetBytes)], input => feed(System.Text.Encoding.Latin1.GetString(input)));

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

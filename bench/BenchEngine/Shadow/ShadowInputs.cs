using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine.Shadow;

/// <summary>Keys and inputs: random, and the same in every run.</summary>
internal static class ShadowInputs
{
    /// <summary>Inputs of equal length; divisible by the lanes of most ways, so that hardly anything is hashed twice.</summary>
    public const int BlockInputs = 240;

    private const int MaxInputSize = 200;
    private const int KeySize = 32;

    /// <summary>One key in so many has another length than Monero's.</summary>
    private const int OddKeys = 5;

    /// <param name="number">From 0 on.</param>
    public static byte[] Key(int number)
    {
        Random random = new(number);
        byte[] key = new byte[number % OddKeys == OddKeys - 1 ? random.Next(RandomXLibrary.MaxKeySize + 1) : KeySize];
        random.NextBytes(key);
        return key;
    }

    /// <param name="block">Counted over all keys.</param>
    /// <returns>The inputs, one behind the other.</returns>
    public static byte[] Block(int block)
    {
        Random random = new(~block);
        byte[] inputs = new byte[BlockInputs * random.Next(1, MaxInputSize + 1)];
        random.NextBytes(inputs);
        return inputs;
    }

    /// <summary>Inputs of different lengths, empty ones among them.</summary>
    public static ReadOnlyMemory<byte>[] Mixed(int key, int count)
    {
        Random random = new(int.MaxValue - key);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            byte[] input = new byte[i == 0 ? 0 : random.Next(MaxInputSize + 1)];
            random.NextBytes(input);
            return (ReadOnlyMemory<byte>)input;
        })];
    }
}

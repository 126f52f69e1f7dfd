using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine.Shadow;

/// <summary>Hashes blocks of inputs of one key with both engines, on one thread.</summary>
/// <param name="memories">Of the key.</param>
/// <param name="dataset">Of the key, complete.</param>
/// <param name="keyNumber">Of the key.</param>
internal sealed class ShadowWorker(Memories memories, RandomXDataset dataset, int keyNumber) : IDisposable
{
    private readonly RandomXVm _native = RandomXVm.CreateFull(dataset, RandomXCpu.SupportedFlags, memories.Pages);
    private readonly Dictionary<ShadowWay, IHasher> _hashers = [];

    /// <param name="block">Counted over all keys.</param>
    /// <param name="compare">Gets the way's name, each input, librandomx's hash and the engine's, and what finds out where they begin to differ.</param>
    public void Hash(int block, Action<string, byte[], byte[], byte[], Func<string?>> compare)
    {
        byte[] inputs = ShadowInputs.Block(block);
        ShadowWay way = ShadowWay.Of(block);
        if (!_hashers.TryGetValue(way, out IHasher? hasher))
            _hashers[way] = hasher = way.Create(memories, dataset, keyNumber);
        byte[] expected = Hash(_native, inputs);
        byte[] got = Hash(hasher, inputs);
        int size = inputs.Length / ShadowInputs.BlockInputs;
        for (int i = 0; i < ShadowInputs.BlockInputs; i++)
        {
            byte[] input = inputs.AsSpan(i * size, size).ToArray();
            compare(
                way.Name, input, expected.AsSpan(i * Hash256.Size, Hash256.Size).ToArray(), got.AsSpan(i * Hash256.Size, Hash256.Size).ToArray(),
                () => FindWhere(way, input));
        }
    }

    public void Dispose()
    {
        _native.Dispose();
        foreach (IHasher hasher in _hashers.Values)
            hasher.Dispose();
    }

    private unsafe string? FindWhere(ShadowWay way, byte[] input)
    {
        using DatasetItemSource items = new(dataset);
        using ProgramComparison machines = new(RandomXVersion.V1, way.Machine, items.Memory, items);
        return machines.FindDifference(input);
    }

    // As miner threads do: the next inputs are taken with the hashes of those before them.
    private static byte[] Hash(IHasher hasher, byte[] inputs)
    {
        byte[] hashes = new byte[ShadowInputs.BlockInputs * Hash256.Size];
        int size = inputs.Length / ShadowInputs.BlockInputs;
        // The last batch begins sooner where the inputs are not whole batches.
        int last = ShadowInputs.BlockInputs - hasher.Lanes;
        hasher.First(inputs.AsSpan(0, size * hasher.Lanes));
        for (int first = 0, next; ; first = next)
        {
            next = Math.Min(first + hasher.Lanes, last);
            hasher.Next(inputs.AsSpan(next * size, size * hasher.Lanes), hashes.AsSpan(first * Hash256.Size, hasher.Lanes * Hash256.Size));
            if (first == last)
                return hashes;
        }
    }
}

using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine.Shadow;

/// <summary>What is too slow to be compared a million times: some of each key.</summary>
/// <param name="memories">Of the key.</param>
/// <param name="dataset">Of the key, complete.</param>
/// <param name="number">Of the key.</param>
/// <param name="state">Counts.</param>
internal sealed class ShadowSamples(Memories memories, RandomXDataset dataset, int number, ShadowState state)
{
    private const int Items = 2000;
    private const int Inputs = 16;
    private const int InterpretedInputs = 4;

    /// <summary>Dataset items wherever they are, against those that librandomx computes from its own cache.</summary>
    /// <param name="scratch">Room for a whole dataset, of which only these items are touched.</param>
    public void CompareItems(RandomXDataset scratch)
    {
        Random random = new(number);
        byte[] expected = new byte[RandomXLibrary.DatasetItemSize];
        byte[] got = new byte[RandomXLibrary.DatasetItemSize];
        for (int i = 0; i < Items; i++)
        {
            int item = i == 0 ? RandomXLibrary.DatasetItemCount - 1 : random.Next(RandomXLibrary.DatasetItemCount);
            scratch.InitItems(memories.NativeCache, item, 1);
            scratch.CopyItems(item, expected);
            dataset.CopyItems(item, got);
            state.Count("dataset items", memories.Cache.Key, BitConverter.GetBytes(item), expected, got);
        }
    }

    /// <summary>Inputs of different lengths at once, librandomx without a dataset, the interpreter, and rx/2, which librandomx 1 lacks.</summary>
    public void CompareHashes()
    {
        ReadOnlyMemory<byte>[] inputs = ShadowInputs.Mixed(number, Inputs);
        using RandomXVm native = RandomXVm.CreateLight(memories.NativeCache, RandomXCpu.SupportedFlags, memories.Pages);
        using IHasher verifier = new ManagedEngine().CreateVerifier(memories.Cache, isCompiled: true, memories.Pages);
        byte[][] expected = [.. inputs.Select(input => Hash(native, input))];
        byte[] hashes = new byte[verifier.Lanes * Hash256.Size];
        for (int done = 0, count = 1; done < inputs.Length; done += count, count = Math.Min(verifier.Lanes, count + 1))
        {
            count = Math.Min(count, inputs.Length - done);
            verifier.CalculateHashes(inputs.AsSpan(done, count), hashes);
            for (int i = 0; i < count; i++)
                Count("check of shares", inputs[done + i], expected[done + i], hashes.AsSpan(i * Hash256.Size, Hash256.Size));
        }
        using DatasetItemSource items = new(dataset);
        InterpretedVm interpreter = new(RandomXVersion.V1, items);
        byte[] hash = new byte[Hash256.Size];
        for (int i = 0; i < InterpretedInputs; i++)
        {
            interpreter.CalculateHash(inputs[i].Span, hash);
            Count("interpreter", inputs[i], expected[i], hash);
        }
        CompareSecond(inputs.AsSpan(0, InterpretedInputs), items);
    }

    private void CompareSecond(ReadOnlySpan<ReadOnlyMemory<byte>> inputs, DatasetItemSource items)
    {
        InterpretedVm interpreter = new(RandomXVersion.V2, items);
        using IHasher full = Machines.Full(
            RandomXVersion.V2, Machines.Parse(ShadowStack.IsOn ? "2" : "2t"), dataset, memories.Pages);
        using IHasher light = Machines.Light(RandomXVersion.V2, memories, memories.Items);
        byte[] expected = new byte[Hash256.Size];
        foreach (ReadOnlyMemory<byte> input in inputs)
        {
            interpreter.CalculateHash(input.Span, expected);
            Count("rx/2 full, against the interpreter", input, expected, Hash(full, input));
            Count("rx/2 light, against the interpreter", input, expected, Hash(light, input));
        }
    }

    private static byte[] Hash(IHasher hasher, ReadOnlyMemory<byte> input)
    {
        byte[] hash = new byte[Hash256.Size];
        hasher.CalculateHash(input.Span, hash);
        return hash;
    }

    private void Count(string way, ReadOnlyMemory<byte> input, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> got) =>
        state.Count(way, memories.Cache.Key, input.Span, expected, got);
}

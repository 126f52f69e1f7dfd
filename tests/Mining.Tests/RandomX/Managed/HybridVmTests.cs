using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.Vm;
using P2PMiner.Mining.RandomX.Managed.X86;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

[TestFixture]
public sealed unsafe class HybridVmTests
{
    private const int AllItems = (int)((Parameters.DatasetBaseSize + (long)Parameters.DatasetExtraSize) / Parameters.ItemSize);
    private const int InputSize = 76;

    private ManagedCache _cache = null!;
    private RepeatedDataset _held = null!;

    [OneTimeSetUp]
    public void MakeMemories()
    {
        MachineCode.Require();
        _cache = ManagedCache.CreateSmall("hybrid"u8, 1024);
        _held = new RepeatedDataset(seed: 11);
    }

    [OneTimeTearDown]
    public void FreeMemories()
    {
        _held?.Dispose();
        _cache?.Dispose();
    }

    [Test, Pairwise]
    public void HybridVm_HashesAsTheInterpreterDoes([Values(0, 1)] int version, [Values(0, 1, 50, 99, 100)] int percentHeld, [Values(1, 4, 8)] int width)
    {
        using ItemCompiler items = Create(width);
        using HybridVm compiled = Create((RandomXVersion)version, items, percentHeld, HybridVm.BestLanes(items, hasPart: percentHeld > 0));
        RequireHashes(compiled, Reference((RandomXVersion)version, percentHeld), Inputs(compiled.Lanes, seed: percentHeld), step: 7);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(7)]
    [TestCase(9)]
    [TestCase(HybridVm.MaxLanes)]
    public void HybridVm_HashesWithAnyNumberOfLanes(int lanes)
    {
        using ItemCompiler items = ItemCompiler.CreateForLanes(_cache.Programs, LineMask);
        using HybridVm compiled = Create(RandomXVersion.V1, items, percentHeld: 40, lanes);
        RequireHashes(compiled, Reference(RandomXVersion.V1, percentHeld: 40), Inputs(lanes, seed: 3), step: 8);
    }

    [Test]
    public void HybridVm_HashesFewerInputsAfterABatchThatWasGivenUp([Values(0, 50)] int percentHeld)
    {
        using ItemCompiler items = ItemCompiler.CreateForLanes(_cache.Programs, LineMask);
        using HybridVm compiled = Create(RandomXVersion.V1, items, percentHeld, lanes: 8);
        int asked = 0;
        compiled.Start(Inputs(8, seed: 4));
        Assert.That(compiled.TryRun(() => ++asked < 3), Is.False);
        RequireHashes(compiled, Reference(RandomXVersion.V1, percentHeld), Inputs(5, seed: 5), step: 4);
    }

    [Test]
    public void HybridVm_AllocatesNothing()
    {
        using ItemCompiler items = ItemCompiler.CreateForLanes(_cache.Programs, LineMask);
        using HybridVm compiled = Create(RandomXVersion.V1, items, percentHeld: 50, lanes: 8);
        byte[] inputs = new byte[8 * InputSize];
        byte[] hashes = new byte[8 * 32];
        compiled.CalculateHashes(inputs, hashes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        compiled.CalculateHashes(inputs, hashes);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private ulong LineMask => (ulong)_cache.Memory.Length / Parameters.ItemSize - 1;

    private static int Held(int percent) => (int)((long)AllItems * percent / 100);

    private ItemCompiler Create(int width)
    {
        ItemCompiler items = width == 1
            ? ItemCompiler.CreateScalar(_cache.Programs, LineMask)
            : ItemCompiler.CreateForLanes(_cache.Programs, LineMask, usesAvx512: width == 8);
        if (items.BatchItems != width)
        {
            items.Dispose();
            Assert.Ignore($"this CPU cannot compute {width} items at once");
        }
        return items;
    }

    private HybridVm Create(RandomXVersion version, ItemCompiler items, int percentHeld, int lanes) =>
        new(version, lanes, _cache.Block.Address, items, _held.Memory, Held(percentHeld));

    private InterpretedVm Reference(RandomXVersion version, int percentHeld) =>
        new(version, new PartlyHeld(_held, (uint)Held(percentHeld), _cache));

    private static ReadOnlyMemory<byte>[] Inputs(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(1, count).Select(length =>
        {
            byte[] input = new byte[length];
            random.NextBytes(input);
            return (ReadOnlyMemory<byte>)input;
        })];
    }

    // Of every so many lanes one, because the interpreter is slow.
    private static void RequireHashes(HybridVm compiled, InterpretedVm interpreter, ReadOnlyMemory<byte>[] inputs, int step)
    {
        byte[] hashes = new byte[inputs.Length * 32];
        byte[] expected = new byte[32];
        compiled.Start(inputs);
        compiled.Run();
        compiled.Finish(hashes);
        for (int lane = 0; lane < inputs.Length; lane += step)
        {
            interpreter.CalculateHash(inputs[lane].Span, expected);
            Assert.That(hashes.AsSpan(lane * 32, 32).ToArray(), Is.EqualTo(expected), $"lane {lane} of {inputs.Length}");
        }
    }

    /// <summary>The first items of one source, the others of another.</summary>
    private sealed class PartlyHeld(IItemSource held, uint heldItems, IItemSource others) : IItemSource
    {
        public void Xor(uint number, Span<ulong> r) => (number < heldItems ? held : others).Xor(number, r);
    }
}

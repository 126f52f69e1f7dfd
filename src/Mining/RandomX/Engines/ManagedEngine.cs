using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>
/// Engine <c>managed</c>: RandomX in C#, with machine code of our own on x86-64 Linux with AVX2, interpreted elsewhere.
/// </summary>
public sealed class ManagedEngine : IRandomXEngine
{
    // Two batches of items for the lanes of one thread: the one's cache misses overlap with the other's computing.
    private const int LightBatches = 2;

    private static readonly LaneSettings FullLanes =
        ShadowStack.IsOn ? new LaneSettings(4, PrefetchKind.Batched) : new LaneSettings(3, PrefetchKind.Touched);

    private static readonly Lazy<Task> Proof = new(static () => Task.Factory.StartNew(
        Prove, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    private static readonly Lazy<string?> CodeProblem = new(FindCodeProblem);

    /// <summary>Begins the self-test, which takes one cache initialization on another thread.</summary>
    public ManagedEngine() => _ = Proof.Value;

    public string Name => "managed";

    /// <summary>Why machine code cannot be made here, so that programs are interpreted; null where it can.</summary>
    public static string? WhyInterpreted => CodeProblem.Value;

    public void EnsureProven() => Proof.Value.GetAwaiter().GetResult();

    public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages)
    {
        if (key.Length > RandomXLibrary.MaxKeySize)
            throw new ArgumentException($"a RandomX key has at most {RandomXLibrary.MaxKeySize} bytes, not {key.Length}", nameof(key));
        return ManagedCache.Create(key, pages);
    }

    public RandomXDataset AllocateDataset(PagePreference pages) => RandomXDataset.AllocateOwn(pages);

    public IHasher CreateLight(IRandomXCache cache, PagePreference pages)
    {
        ManagedCache memory = (ManagedCache)cache;
        return memory.Items is ItemCompiler items
            ? Lockstep(memory, items, items.BatchItems * LightBatches, pages)
            : new InterpretedHasher(memory.Key, memory, isFull: false, memory.Hold());
    }

    public IHasher CreateFull(RandomXDataset dataset, PagePreference pages)
    {
        if (!dataset.IsComplete)
            throw new InvalidOperationException("a full machine needs a complete dataset");
        DatasetItemSource source = new(dataset);
        return WhyInterpreted is null
            ? LaneHasher.Create(dataset.Key, isFull: true, source, () => Compile(source, FullLanes, pages))
            : new InterpretedHasher(dataset.Key, source, isFull: true, source);
    }

    public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages)
    {
        ManagedCache memory = (ManagedCache)cache;
        return isCompiled && memory.Items is ItemCompiler items
            ? Lockstep(memory, items, lanes: 1, pages)
            : new InterpretedHasher(memory.Key, memory, isFull: false, memory.Hold());
    }

    private static unsafe LaneHasher Lockstep(ManagedCache cache, ItemCompiler items, int lanes, PagePreference pages) =>
        LaneHasher.Create(
            cache.Key, isFull: false, cache.Hold(), () => new LockstepVm(RandomXVersion.V1, lanes, cache.Block.Address, items, pages));

    private static unsafe CompiledVm Compile(DatasetItemSource dataset, LaneSettings settings, PagePreference pages) =>
        new CompiledVm(RandomXVersion.V1, settings, dataset.Memory, pages);

    private static string? FindCodeProblem()
    {
        try
        {
            ItemCompiler.RequireSupport();
            CodeMemory.Allocate(1).Dispose();
            return null;
        }
        catch (PlatformNotSupportedException e)
        {
            return e.Message;
        }
    }

    // Known answer: RandomX src/tests/tests.cpp, hash test a.
    private static void Prove()
    {
        Span<byte> hash = stackalloc byte[RandomXLibrary.HashSize];
        using ManagedCache cache = ManagedCache.Create("test key 000"u8, PagePreference.Thp);
        using IHasher hasher = cache.Items is ItemCompiler items
            ? Lockstep(cache, items, lanes: 1, PagePreference.Thp)
            : new InterpretedHasher(cache.Key, cache, isFull: false, cache.Hold());
        hasher.CalculateHash("This is a test"u8, hash);
        if (!hash.SequenceEqual(Convert.FromHexString("639183aae1bf4c9a35884cb46b09cad9175f04efd7684e7262a0ac1c2f0b4e3f")))
            throw new RandomXUnavailableException("engine managed gives wrong hashes on this machine: use --engine native, and please report your CPU");
    }
}

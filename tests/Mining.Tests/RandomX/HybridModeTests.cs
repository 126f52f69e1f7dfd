using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Files;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Mining.Tests.RandomX.Chunks;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>Hashing with a part of a dataset.</summary>
public sealed class HybridModeTests
{
    /// <summary>Less than a tenth of a dataset would be left unread.</summary>
    private const int PartItems = RandomXLibrary.DatasetItemCount / 9 / DatasetWorkers.ChunkItems * DatasetWorkers.ChunkItems;

    /// <summary>Of what counts as a whole dataset here.</summary>
    private const int WholeItems = RandomXLibrary.DatasetItemCount / 8;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly byte[] KeyBytes = [.. Enumerable.Range(1, Hash256.Size).Select(i => (byte)i)];
    private static readonly Hash256 Key = new(KeyBytes);

    [Test]
    public async Task KeyStore_HoldsAPart_AndHashesAsInLightMode()
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        await using KeyStore store = Create(new ManagedEngine());
        KeyStatus ready = await WaitForDatasetAsync(store, DatasetState.Ready);
        Assert.That(ready.DatasetTime, Is.Not.Null);
        using IHasher? hybrid = store.TryCreateVm(Key, 0, out bool isFull);
        using IHasher? light = store.TryCreateVerifier(Key, isCompiled: true);
        Assert.That(isFull, Is.True, "the best that this store will give");
        Assert.That(hybrid!.IsFull, Is.False);
        byte[] inputs = new byte[hybrid.Lanes * 76];
        new Random(2).NextBytes(inputs);
        byte[] hashes = new byte[hybrid.Lanes * Hash256.Size];
        byte[] expected = new byte[Hash256.Size];
        hybrid.First(inputs);
        hybrid.Next(inputs, hashes);
        for (int lane = 0; lane < hybrid.Lanes; lane++)
        {
            light!.CalculateHash(inputs.AsSpan(lane * 76, 76), expected);
            Assert.That(hashes.AsSpan(lane * Hash256.Size, Hash256.Size).ToArray(), Is.EqualTo(expected), $"lane {lane}");
        }
    }

    [Test]
    public async Task KeyStore_TakesChunksOfAPartFromOthers()
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        const int Last = PartItems / DatasetWorkers.ChunkItems - 1;
        using IRandomXCache cache = new ManagedEngine().CreateCache(KeyBytes, PagePreference.Normal);
        ChunkBuffer chunk = new();
        Assert.That(cache.TryComputeItems(Last * DatasetWorkers.ChunkItems, chunk.Bytes), Is.True);
        TaskCompletionSource<ChunkVerdict> verdict = new();
        TestSupplier supplier = new((intake, _) =>
        {
            using ChunkSource source = intake.Open(() => { });
            source.TryTake(1, out int first, out int _);
            Assert.That(first, Is.EqualTo(Last).Or.EqualTo(-1));
            verdict.SetResult(source.Offer(Last, chunk.Bytes));
            return Task.CompletedTask;
        });
        await using KeyStore store = new(
            Options(new ManagedEngine()) with { Supplier = supplier }, TimeProvider.System, new RecordingLogger(), WholeItems);
        KeyStatus ready = await WaitForDatasetAsync(store, DatasetState.Ready);
        Assert.That(verdict.Task.IsCompleted, Is.True, "others are asked");
        ChunkVerdict found = await verdict.Task;
        Assert.That(found, Is.Not.EqualTo(ChunkVerdict.Wrong));
        Assert.That(ready.Progress.ItemsRemote, Is.EqualTo(found == ChunkVerdict.Taken ? DatasetWorkers.ChunkItems : 0), "unless a thread was faster");
    }

    [TestCase(true, TestName = "KeyStore_OfAnEngineThatNeedsTheWholeDataset_StaysLight")]
    [TestCase(false, TestName = "KeyStore_WhereAPartIsSlower_StaysLight")]
    public async Task KeyStore_WithoutUseForAPart_StaysLight(bool isNative)
    {
        if (!isNative && ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        await using KeyStore store = Create(isNative ? new NativeEngine() : new SlowPartEngine());
        await WaitForDatasetAsync(store, DatasetState.Failed);
        using IHasher? hasher = store.TryCreateVm(Key, 0, out bool isFull);
        Assert.That((hasher is null, isFull), Is.EqualTo((false, false)));
    }

    [Test]
    public async Task KeyStore_GoesFromAPartToNone_AndToTheWholeDataset()
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        await using KeyStore store = Create(new ManagedEngine());
        KeyStatus part = await WaitForDatasetAsync(store, DatasetState.Ready);
        Assert.That(part.Progress.ItemsTotal, Is.EqualTo(PartItems));
        Task none = WaitForStatusAsync(store, key => key.Dataset == DatasetState.None);
        store.SetMemory(MemoryMode.Light);
        await none.WaitAsync(Deadline);
        Task<KeyStatus> whole = WaitForStatusAsync(store, key => key.Dataset == DatasetState.Ready);
        store.SetMemory(MemoryMode.Full);
        Assert.That((await whole.WaitAsync(Deadline)).Progress.ItemsTotal, Is.EqualTo(WholeItems));
    }

    [Test]
    public void PreparePart_MeasuresBothWays_AndComparesTheirHashes()
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        RecordingLogger log = new();
        ManagedEngine engine = new(new ManagedEngineOptions { MeasuresParts = true, Log = log });
        using IRandomXCache cache = engine.CreateCache(KeyBytes, PagePreference.Thp);
        using RandomXDataset part = engine.TryAllocatePart(PagePreference.Thp, PartItems)!;
        cache.WriteItems(part, 0, PartItems);
        part.Complete(KeyBytes);
        bool isWorth = engine.PreparePart(cache, part, PagePreference.Thp, CancellationToken.None);
        Assert.That(log.Lines.Single(line => line.Contains("MiB of the dataset")), Does.EndWith(isWorth ? "part is taken" : "none is taken"));
    }

    [Test]
    public void PreparePart_RefusesWrongItems()
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        ManagedEngine engine = new(new ManagedEngineOptions { MeasuresParts = true });
        using IRandomXCache cache = engine.CreateCache(KeyBytes, PagePreference.Thp);
        using RandomXDataset part = engine.TryAllocatePart(PagePreference.Thp, PartItems)!;
        part.Complete(KeyBytes);
        Assert.That(
            () => engine.PreparePart(cache, part, PagePreference.Thp, CancellationToken.None), Throws.TypeOf<RandomXUnavailableException>());
    }

    private static KeyStore Create(IRandomXEngine engine) => new(Options(engine), TimeProvider.System, new RecordingLogger(), WholeItems);

    private static KeyStoreOptions Options(IRandomXEngine engine) =>
        new() { Memory = MemoryMode.Hybrid, PartItems = PartItems, BuilderThreads = 1, Engine = engine, Pages = PagePreference.Thp };

    private static async Task<KeyStatus> WaitForDatasetAsync(KeyStore store, DatasetState state)
    {
        Task<KeyStatus> found = WaitForStatusAsync(store, key => key.Dataset == state);
        store.SetKeys(Key, next: null);
        return await found.WaitAsync(Deadline);
    }

    private static Task<KeyStatus> WaitForStatusAsync(KeyStore store, Predicate<KeyStatus> isWanted)
    {
        TaskCompletionSource<KeyStatus> found = new(TaskCreationOptions.RunContinuationsAsynchronously);
        store.StatusChanged += status =>
        {
            if (status.Keys.FirstOrDefault(key => isWanted(key)) is KeyStatus key)
                found.TrySetResult(key);
        };
        return found.Task;
    }

    /// <summary>Finds every part slower than none.</summary>
    private sealed class SlowPartEngine : IRandomXEngine
    {
        private readonly ManagedEngine _inner = new();

        public string Name => "slow";

        public void EnsureProven() => _inner.EnsureProven();

        public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages) => _inner.CreateCache(key, pages);

        public RandomXDataset AllocateDataset(PagePreference pages) => _inner.AllocateDataset(pages);

        public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation)
        {
        }

        public RandomXDataset? TryAllocatePart(PagePreference pages, int itemCount) => _inner.TryAllocatePart(pages, itemCount);

        public bool PreparePart(IRandomXCache cache, RandomXDataset part, PagePreference pages, CancellationToken cancellation) => false;

        public IHasher CreateLight(IRandomXCache cache, PagePreference pages) => _inner.CreateLight(cache, pages);

        public IHasher CreateFull(RandomXDataset dataset, PagePreference pages) => _inner.CreateFull(dataset, pages);

        public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages) =>
            _inner.CreateVerifier(cache, isCompiled, pages);
    }
}

using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Files;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Mining.Tests.RandomX.Chunks;
using P2PMiner.Mining.Tests.RandomX.Engines;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>
/// Light mode with real hashes, and the coming and going of datasets with a few items only, whose full hashes mean nothing.
/// </summary>
[TestFixture]
public sealed partial class KeyStoreTests
{
    private const int FewItems = 3 * DatasetWorkers.ChunkItems;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly Hash256[] Keys = [.. Enumerable.Range(0, 4).Select(i => new Hash256([.. Enumerable.Repeat((byte)i, 32)]))];

    private CancellationTokenSource _deadline = null!;

    [SetUp]
    public void StartClock() => _deadline = new CancellationTokenSource(Deadline);

    [TearDown]
    public void StopClock() => _deadline.Dispose();

    [Test]
    public async Task LightStore_PreparesCurrentAndNextCache()
    {
        await using KeyStore store = Light();
        int generation = store.Generation;
        store.SetKeys(Keys[0], Keys[1]);
        Assert.That(store.Generation, Is.GreaterThan(generation));
        Assert.That(store.TryCreateVm(Keys[2], 0, out _), Is.Null);
        await store.WaitForCacheAsync(Keys[0], _deadline.Token);
        await store.WaitForCacheAsync(Keys[1], _deadline.Token);
        foreach (Hash256 key in Keys[..2])
        {
            using IHasher? vm = store.TryCreateVm(key, 0, out bool isFull);
            Assert.That(isFull, Is.False);
            Assert.That(new Hash256(vm!.Key), Is.EqualTo(key));
            Assert.That(Hash(vm, 1), Is.EqualTo(Reference(key, 1)));
        }
        KeyStoreStatus status = store.Status;
        Assert.That(status.Keys.Select(k => k.Key), Is.EqualTo(Keys[..2]));
        Assert.That(status.Keys.Select(k => k.IsCurrent), Is.EqualTo(new[] { true, false }));
        Assert.That(status.Keys.Select(k => k.Cache), Is.All.EqualTo(CacheState.Ready));
        Assert.That(status.Keys.Select(k => k.Dataset), Is.All.EqualTo(DatasetState.None));
    }

    [Test]
    public async Task ReplacedKey_IsGone_ButItsVmsGoOn()
    {
        await using KeyStore store = Light();
        store.SetKeys(Keys[0], null);
        await store.WaitForCacheAsync(Keys[0], _deadline.Token);
        using IHasher? old = store.TryCreateVm(Keys[0], 0, out _);
        store.SetKeys(Keys[1], null);
        Assert.That(store.TryCreateVm(Keys[0], 0, out _), Is.Null);
        Assert.That(Hash(old!, 1), Is.EqualTo(Reference(Keys[0], 1)));
        Assert.That(async () => await store.WaitForCacheAsync(Keys[0], _deadline.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task WaitForCache_EndsWhenItsKeyIsReplaced()
    {
        await using KeyStore store = Light();
        store.SetKeys(Keys[0], Keys[1]);
        Task waiting = store.WaitForCacheAsync(Keys[1], _deadline.Token);
        store.SetKeys(Keys[2], null);
        Assert.That(async () => await waiting, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_deadline.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task SameKeysAgain_ChangeNothing()
    {
        await using KeyStore store = Light();
        store.SetKeys(Keys[0], Keys[0]);
        await store.WaitForCacheAsync(Keys[0], _deadline.Token);
        int generation = store.Generation;
        store.SetKeys(Keys[0], null);
        Assert.That(store.Generation, Is.EqualTo(generation));
        Assert.That(store.Status.Keys, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task ImpossiblePages_FailTheCacheWithOneLine()
    {
        if (OperatingSystem.IsLinux() && HasHugePages())
            Assert.Ignore("this machine has huge pages reserved");
        var log = new RecordingLogger();
        await using var store = new KeyStore(Options(MemoryMode.Light) with { Pages = PagePreference.Huge }, TimeProvider.System, log, FewItems);
        store.SetKeys(Keys[0], null);
        Assert.That(
            async () => await store.WaitForCacheAsync(Keys[0], _deadline.Token),
            Throws.InstanceOf<InsufficientMemoryException>().With.Message.Contains("--pages auto"));
        Assert.That(store.Status.Keys[0].Cache, Is.EqualTo(CacheState.Failed));
        Assert.That(log.Problems.Single(), Does.Not.Contain("\n"));
    }

    [Test]
    public async Task Disposal_FreesEverything_AndCancelsTheBuild()
    {
        KeyStore store = Full(RandomXLibrary.DatasetItemCount);
        store.SetKeys(Keys[0], null);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Building && s.Keys[0].Progress.ItemsDone > 0);
        await store.DisposeAsync();
        Assert.That(store.Completion.IsCompletedSuccessfully, Is.True);
        Assert.That(store.TryCreateVm(Keys[0], 0, out _), Is.Null);
        Assert.That(() => store.SetKeys(Keys[1], null), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task FullStore_GoesFromLightToFull_AndRaisesTheGeneration()
    {
        await using KeyStore store = Full(FewItems);
        store.SetKeys(Keys[0], Keys[1]);
        await store.WaitForCacheAsync(Keys[0], _deadline.Token);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        using IHasher? vm = store.TryCreateVm(Keys[0], 5, out bool isFull);
        Assert.That(isFull, Is.True);
        Assert.That(vm!.IsFull, Is.True);
        Assert.That(new Hash256(vm.Key), Is.EqualTo(Keys[0]));
        Assert.That(store.Status.Keys[0].Progress.Fraction, Is.EqualTo(1));
        await store.WaitForCacheAsync(Keys[1], _deadline.Token);
        Assert.That(store.Status.Keys[1].Dataset, Is.EqualTo(DatasetState.None), "memory for one dataset only");
    }

    [Test]
    public async Task WithMemoryForOne_NewDatasetWaitsForTheLastVmOfTheOld_AndLightModeBridges()
    {
        await using KeyStore store = Full(FewItems);
        store.SetKeys(Keys[0], Keys[1]);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        IHasher? old = store.TryCreateVm(Keys[0], 0, out _);
        await store.WaitForCacheAsync(Keys[1], _deadline.Token);
        store.SetKeys(Keys[1], null);
        using IHasher? bridge = store.TryCreateVm(Keys[1], 0, out bool isFull);
        Assert.That(isFull, Is.False);
        Assert.That(Hash(bridge!, 1), Is.EqualTo(Reference(Keys[1], 1)));
        Assert.That(store.Status.Keys[0].Dataset, Is.Not.EqualTo(DatasetState.Ready));
        int generation = store.Generation;
        old!.Dispose();
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        Assert.That(store.Generation, Is.GreaterThan(generation));
        using IHasher? full = store.TryCreateVm(Keys[1], 0, out isFull);
        Assert.That(isFull, Is.True);
    }

    [Test]
    public async Task WithMemoryForTwo_NextDatasetIsReadyBeforeItsKeyIsCurrent()
    {
        await using KeyStore store = Full(FewItems, prepareNext: true);
        store.SetKeys(Keys[0], Keys[1]);
        await Until(store, s => s.Keys[1].Dataset == DatasetState.Ready);
        Assert.That(store.Status.Keys[0].Dataset, Is.EqualTo(DatasetState.Ready));
        using IHasher? old = store.TryCreateVm(Keys[0], 0, out _);
        store.SetKeys(Keys[1], null);
        using IHasher? vm = store.TryCreateVm(Keys[1], 0, out bool isFull);
        Assert.That(isFull, Is.True);
        Assert.That(new Hash256(vm!.Key), Is.EqualTo(Keys[1]));
    }

    [Test]
    public async Task WithMemoryForOne_TheOldDatasetsMemoryIsTheNewOnes()
    {
        await using KeyStore store = Full(FewItems);
        store.SetKeys(Keys[0], Keys[1]);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        await store.WaitForCacheAsync(Keys[1], _deadline.Token);
        nint before = AddressOfDataset(store, Keys[0]);
        using (IHasher? old = store.TryCreateVm(Keys[0], 0, out _))
            store.SetKeys(Keys[1], null);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        Assert.That(AddressOfDataset(store, Keys[1]), Is.EqualTo(before));
        AssertDataset(store, Keys[1]);
    }

    [Test]
    public async Task MemoryOfAnOldDataset_IsGivenBack_WhenNoneIsWantedAnyMore()
    {
        await using KeyStore store = Full(FewItems);
        store.SetKeys(Keys[0], null);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        IHasher? old = store.TryCreateVm(Keys[0], 0, out _);
        nint memory = AddressOfDataset(store, Keys[0]);
        store.SetKeys(Keys[1], null);
        store.SetMemory(MemoryMode.Light);
        Assert.That(IsMapped(memory), Is.True, "a machine hashes with it");
        old!.Dispose();
        Assert.That(IsMapped(memory), Is.False);
    }

    [Test]
    public async Task UrgentKey_InterruptsTheBuildOfAReplacedOne()
    {
        await using KeyStore store = Full(RandomXLibrary.DatasetItemCount);
        store.SetKeys(Keys[0], null);
        await Until(store, s => s.Keys[0].Progress.ItemsDone > 0);
        store.SetKeys(Keys[1], null);
        await Until(store, s => s.Keys[0].Key == Keys[1] && s.Keys[0].Progress.ItemsDone > 0);
        Assert.That(store.Status.Keys, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task KeyThatBecomesCurrentDuringItsBuild_GetsItsDataset()
    {
        const int Items = 40 * DatasetWorkers.ChunkItems;
        await using KeyStore store = Full(Items, prepareNext: true);

        // On the builder's own report, because a glance from outside may come after the build.
        bool replaced = false;
        store.StatusChanged += s =>
        {
            if (s.Keys.Count == 2 && s.Keys[1].Dataset == DatasetState.Building && !Interlocked.Exchange(ref replaced, true))
                store.SetKeys(Keys[1], null);
        };
        store.SetKeys(Keys[0], Keys[1]);
        await Until(store, s => s.Keys[0].Key == Keys[1] && s.Keys[0].Dataset == DatasetState.Ready);
        using IHasher? vm = store.TryCreateVm(Keys[1], 0, out bool isFull);
        Assert.That(isFull, Is.True);
        Assert.That(new Hash256(vm!.Key), Is.EqualTo(Keys[1]));
    }

    [Test]
    public async Task Memory_CanBeGivenUpAndTakenAgain()
    {
        await using KeyStore store = Full(FewItems);
        store.SetKeys(Keys[0], null);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        using (HeldDataset? held = store.TryHoldDataset(Keys[0]))
            Assert.That(held!.Chunks, Is.EqualTo(3));
        int generation = store.Generation;
        store.SetMemory(MemoryMode.Light);
        Assert.That(store.Generation, Is.GreaterThan(generation));
        Assert.That(store.Status.Keys[0].Dataset, Is.EqualTo(DatasetState.None));
        Assert.That(store.TryHoldDataset(Keys[0]), Is.Null);
        using (IHasher? light = store.TryCreateVm(Keys[0], 0, out bool isFull))
            Assert.That((isFull, Hash(light!, 1)), Is.EqualTo((false, Reference(Keys[0], 1))));
        store.SetMemory(MemoryMode.Full);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
    }

    [Test]
    public async Task Memory_GivenUpDuringABuild_EndsIt()
    {
        await using KeyStore store = Full(RandomXLibrary.DatasetItemCount);
        store.SetKeys(Keys[0], null);
        await Until(store, s => s.Keys[0].Progress.ItemsDone > 0);
        store.SetMemory(MemoryMode.Light);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.None);
    }

    [Test]
    public async Task DoubtedDataset_IsMadeAgainWithoutTheOthers()
    {
        int calls = 0;
        TestSupplier supplier = new((intake, _) =>
        {
            calls++;
            using RandomXDataset dataset = RandomXDataset.Allocate(PagePreference.Normal);
            using RandomXCache cache = RandomXCache.Create(intake.Key.ToArray(), RandomXCpu.SupportedFlags, PagePreference.Auto);
            byte[] chunk = new byte[intake.SizeOf(2)];
            dataset.InitItems(cache, 2 * DatasetWorkers.ChunkItems, DatasetWorkers.ChunkItems);
            dataset.CopyItems(2 * DatasetWorkers.ChunkItems, chunk);
            using ChunkSource source = intake.Open(() => { });
            if (source.TryTake(1, out int first, out int _) && first == 2)
                source.Offer(2, chunk);
            return Task.CompletedTask;
        });
        ControlledEngine engine = new(new NativeEngine()) { Wrap = cache => new LateCache(cache, chunks: 1, () => false) };
        await using KeyStore store = new(
            Options(MemoryMode.Full) with { Engine = engine, Supplier = supplier }, TimeProvider.System, NullLogger.Instance, FewItems);
        store.SetKeys(Keys[0], null);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        Assert.That(store.Status.Keys[0].Progress.ItemsRemote, Is.EqualTo(DatasetWorkers.ChunkItems));
        store.DoubtDataset(Keys[0]);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        Assert.That(store.Status.Keys[0].Progress.ItemsRemote, Is.Zero);
        Assert.That(calls, Is.EqualTo(1), "not asked again");
    }

    [Test]
    public async Task NextCache_ThatFoundNoMemory_IsTriedOnceMoreWhenItIsTheCurrentOne()
    {
        ControlledEngine engine = new(new NativeEngine());
        await using KeyStore store = new(Options(MemoryMode.Light) with { Engine = engine }, TimeProvider.System, NullLogger.Instance, FewItems);
        store.SetKeys(Keys[0], null);
        await store.WaitForCacheAsync(Keys[0], _deadline.Token);
        engine.IsMemoryShort = true;
        store.SetKeys(Keys[0], Keys[1]);
        await Until(store, s => s.Keys[1].Cache == CacheState.Failed);
        engine.IsMemoryShort = false;
        store.SetKeys(Keys[1], null);
        await store.WaitForCacheAsync(Keys[1], _deadline.Token);
        using IHasher? vm = store.TryCreateVm(Keys[1], 0, out _);
        Assert.That(vm, Is.Not.Null);
    }

    [Test]
    public async Task NextDataset_ThatFoundNoMemory_IsTriedOnceMoreWhenItIsTheCurrentOne()
    {
        ControlledEngine engine = new(new NativeEngine());
        await using KeyStore store = new(
            Options(MemoryMode.Full) with { Engine = engine, PrepareNextDataset = true }, TimeProvider.System, NullLogger.Instance, FewItems);
        store.SetKeys(Keys[0], null);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
        engine.IsDatasetMemoryShort = true;
        store.SetKeys(Keys[0], Keys[1]);
        await Until(store, s => s.Keys[1].Dataset == DatasetState.Failed);
        engine.IsDatasetMemoryShort = false;
        store.SetKeys(Keys[1], null);
        await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
    }

    [Test]
    public async Task NoHash_IsEverComputedWithTheWrongKey()
    {
        const int Inputs = 4;
        byte[][][] references = [.. Keys.Select(k => References(k, Inputs))];
        await using KeyStore store = Light();
        using var done = new CancellationTokenSource();
        int wanted = 0;
        int hashes = 0;
        store.SetKeys(Keys[0], null);
        Task[] hashing = [.. Enumerable.Range(0, 3).Select(seed => Task.Run(() => HashWanted(seed)))];
        var random = new Random(42);
        for (int i = 0; i < 14; i++)
        {
            int current = random.Next(Keys.Length);
            store.SetKeys(Keys[current], random.Next(2) == 0 ? Keys[random.Next(Keys.Length)] : null);
            Volatile.Write(ref wanted, current);
            // Some keys are replaced while their cache is being filled, others are hashed with for a while.
            if (random.Next(3) > 0)
            {
                int before = Volatile.Read(ref hashes);
                await UntilTrue(() => Volatile.Read(ref hashes) > before + 3 || hashing.Any(t => t.IsFaulted));
            }
        }
        await done.CancelAsync();
        await Task.WhenAll(hashing);

        void HashWanted(int seed)
        {
            var mine = new Random(seed);
            while (!done.IsCancellationRequested)
            {
                int key = Volatile.Read(ref wanted);
                using IHasher? vm = store.TryCreateVm(Keys[key], 0, out _);
                if (vm is null)
                {
                    Thread.Yield();
                    continue;
                }
                int input = mine.Next(Inputs);
                Assert.That(new Hash256(vm.Key), Is.EqualTo(Keys[key]));
                Assert.That(Hash(vm, input), Is.EqualTo(references[key][input]));
                Interlocked.Increment(ref hashes);
            }
        }
    }

    [Test]
    public async Task Verifier_GivesTheHash_AndKnowsWhichKeysItCannot()
    {
        await using KeyStore store = Light();
        using var verifier = new LightVerifier(store, new SteppingTime());
        store.SetKeys(Keys[0], Keys[1]);
        await store.WaitForCacheAsync(Keys[0], _deadline.Token);
        await store.WaitForCacheAsync(Keys[1], _deadline.Token);
        var hash = new byte[RandomXLibrary.HashSize];
        Assert.That(verifier.TryHash(Keys[2], [1], hash), Is.False);
        Assert.That(hash, Is.All.Zero);
        await Task.WhenAll(Keys[..2].Select(key => Task.Run(() =>
        {
            var mine = new byte[RandomXLibrary.HashSize];
            for (int input = 0; input < 3; input++)
            {
                Assert.That(verifier.TryHash(key, [(byte)input], mine), Is.True);
                Assert.That(mine, Is.EqualTo(Reference(key, input)));
            }
        })));
        store.SetKeys(Keys[1], null);
        Assert.That(verifier.TryHash(Keys[0], [1], hash), Is.True, "late hits of the last key can still be checked");
        Assert.That(verifier.TryHash(Keys[1], [1], hash), Is.True);
        Assert.That(verifier.TryHash(Keys[0], [1], hash), Is.False, "its memory went with the first check of another key");
    }

    [Test]
    public async Task Verifier_GivesTheSameHash_AfterItTurnedToCompiledVms()
    {
        await using KeyStore store = Light();
        using var verifier = new LightVerifier(store, new SteppingTime { Step = TimeSpan.FromSeconds(1) });
        store.SetKeys(Keys[0], null);
        await store.WaitForCacheAsync(Keys[0], _deadline.Token);
        var interpreted = new byte[RandomXLibrary.HashSize];
        var compiled = new byte[RandomXLibrary.HashSize];
        Assert.That(verifier.TryHash(Keys[0], [1], interpreted), Is.True);
        Assert.That(verifier.TryHash(Keys[0], [1], compiled), Is.True);
        Assert.That(compiled, Is.EqualTo(interpreted));
    }

    [Test]
    public async Task Verifier_StillChecksLateHits_AfterItTurnedToCompiledVms()
    {
        await using KeyStore store = Light();
        var time = new SteppingTime();
        using var verifier = new LightVerifier(store, time);
        store.SetKeys(Keys[0], null);
        await store.WaitForCacheAsync(Keys[0], _deadline.Token);
        var hash = new byte[RandomXLibrary.HashSize];
        Assert.That(verifier.TryHash(Keys[0], [1], hash), Is.True);
        store.SetKeys(Keys[1], null);
        time.Step = TimeSpan.FromSeconds(1);
        for (int late = 0; late < 3; late++)
        {
            Assert.That(verifier.TryHash(Keys[0], [1], hash), Is.True, $"late hit {late}");
            Assert.That(hash, Is.EqualTo(Reference(Keys[0], 1)));
        }
    }

    private static KeyStoreOptions Options(MemoryMode memory) => new() { Memory = memory, BuilderThreads = 2 };

    private static KeyStore Light() => new(Options(MemoryMode.Light), TimeProvider.System, NullLogger<KeyStore>.Instance);

    private static KeyStore Full(int items, bool prepareNext = false, string? directory = null) => new(
        Options(MemoryMode.Full) with { PrepareNextDataset = prepareNext, DatasetCacheDirectory = directory },
        TimeProvider.System,
        NullLogger.Instance,
        items);

    private static unsafe nint AddressOfDataset(KeyStore store, Hash256 key)
    {
        using HeldDataset held = store.TryHoldDataset(key)!;
        using System.Buffers.MemoryHandle pin = held.Chunk(0).Pin();
        return (nint)pin.Pointer;
    }

    private static bool IsMapped(nint address) =>
        AnonymousMemory.List().Any(range => range.Address <= (nuint)address && (nuint)address - range.Address < range.Length);

    /// <summary>Whether a dataset in memory is what follows from its key.</summary>
    private static void AssertDataset(KeyStore store, Hash256 key)
    {
        using HeldDataset held = store.TryHoldDataset(key)!;
        using IRandomXCache cache = new ManagedEngine().CreateCache(key.ToArray(), PagePreference.Auto);
        ChunkBuffer expected = new();
        for (int chunk = 0; chunk < held.Chunks; chunk++)
        {
            ReadOnlySpan<byte> actual = held.Chunk(chunk).Span;
            Assert.That(cache.TryComputeItems(chunk * DatasetWorkers.ChunkItems, expected.Bytes[..actual.Length]), Is.True);
            Assert.That(actual.SequenceEqual(expected.Bytes[..actual.Length]), Is.True, $"chunk {chunk}");
        }
    }

    private static bool HasHugePages() =>
        File.ReadLines("/proc/meminfo").Any(l => l.StartsWith("HugePages_Free:", StringComparison.Ordinal) && !l.EndsWith(" 0", StringComparison.Ordinal));

    private Task Until(KeyStore store, Func<KeyStoreStatus, bool> condition) => UntilTrue(() => condition(store.Status));

    private async Task UntilTrue(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(10, _deadline.Token);
    }

    private static byte[] Hash(IHasher vm, int input)
    {
        var hash = new byte[RandomXLibrary.HashSize];
        vm.CalculateHash([(byte)input], hash);
        return hash;
    }

    /// <summary>A clock on which everything that is measured takes equally long, however fast the machine is.</summary>
    private sealed class SteppingTime : TimeProvider
    {
        private long _timestamp;

        public TimeSpan Step { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Add(ref _timestamp, Step.Ticks);
    }

    private static byte[] Reference(Hash256 key, int input) => References(key, input + 1)[input];

    private static byte[][] References(Hash256 key, int inputs)
    {
        using RandomXCache cache = RandomXCache.Create(key.ToArray(), RandomXCpu.SupportedFlags, PagePreference.Auto);
        using RandomXVm vm = RandomXVm.CreateLight(cache, RandomXCpu.SupportedFlags, PagePreference.Auto);
        return [.. Enumerable.Range(0, inputs).Select(i => Hash(vm, i))];
    }
}

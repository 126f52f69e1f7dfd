using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX.Engines;

public sealed class ShadowEngineTests
{
    private const int BlobSize = 76;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly byte[] Key = [7];

    private static readonly ManagedEngine Managed = new();
    private static readonly NativeEngine Native = new();

    [Test]
    public async Task Engines_ThatAgree_AreComparedAndNothingElseHappens()
    {
        RecordingLogger log = new();
        await using ShadowEngine shadow = new(Managed, Native, log, interval: 20);
        using IRandomXCache cache = shadow.CreateCache(Key, PagePreference.Auto);
        using IHasher hasher = shadow.CreateLight(cache, PagePreference.Auto);
        using CancellationTokenSource deadline = new(Deadline);
        int hashes = HashBatches(hasher, batches: 5);
        long expected = (hashes + 19) / 20;
        while (shadow.Counts.Different == 0 && shadow.Counts.Equal < expected)
            await Task.Delay(10, deadline.Token);
        Assert.That(shadow.Counts, Is.EqualTo(new ShadowCounts(expected, 0, 0)));
        Assert.That(log.Problems, Is.Empty);
        Assert.That(shadow.Failure.IsCompleted, Is.False);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Difference_LogsEverythingAndTellsWhichEngineIsRight(bool isFirstLying)
    {
        RecordingLogger log = new();
        IRandomXEngine first = isFirstLying ? new LyingEngine(Managed) : Managed;
        IRandomXEngine second = isFirstLying ? Native : new LyingEngine(Native);
        await using ShadowEngine shadow = new(first, second, log, interval: 1);
        TaskCompletionSource<IRandomXEngine> fault = new(TaskCreationOptions.RunContinuationsAsynchronously);
        shadow.FaultFound += fault.SetResult;
        using IRandomXCache cache = shadow.CreateCache(Key, PagePreference.Auto);
        using IHasher hasher = shadow.CreateLight(cache, PagePreference.Auto);
        HashBatches(hasher, batches: 3);
        Assert.That(await fault.Task.WaitAsync(Deadline), Is.SameAs(isFirstLying ? second : first));
        Assert.That(shadow.Counts.Different, Is.EqualTo(1));
        string line = log.Problems.Single();
        Assert.That(line, Does.Contain("key 07,").And.Contain("input " + new string('0', 2 * BlobSize)), "the first input is all zeros");
    }

    [Test]
    public async Task Trial_BeginsLate_EndsByItself_AndPasses()
    {
        RecordingLogger log = new();
        ManualClock clock = new();
        ShadowTrial trial = new(TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(5), MinHashes: 30, clock);
        await using ShadowEngine shadow = new(Managed, Native, log, interval: 1, trial);
        TaskCompletionSource passed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        shadow.TrialPassed += passed.SetResult;
        using CancellationTokenSource deadline = new(Deadline);
        using IRandomXCache cache = shadow.CreateCache(Key, PagePreference.Auto);
        using IHasher hasher = shadow.CreateLight(cache, PagePreference.Auto);
        Assert.That(shadow.Name, Is.EqualTo("managed"));
        HashBatches(hasher, batches: 2);
        Assert.That(shadow.Counts, Is.EqualTo(default(ShadowCounts)), "not yet");
        clock.Now = TimeSpan.FromSeconds(20);
        while (shadow.Counts.Equal < 3)
            HashBatches(hasher, batches: 1);
        Assert.That(passed.Task.IsCompleted, Is.False, "too short");
        clock.Now = TimeSpan.FromSeconds(320);
        while (!passed.Task.IsCompleted)
        {
            deadline.Token.ThrowIfCancellationRequested();
            HashBatches(hasher, batches: 1);
        }
        long equal = shadow.Counts.Equal;
        Assert.That(equal, Is.GreaterThanOrEqualTo(30));
        await shadow.DisposeAsync();
        HashBatches(hasher, batches: 3);
        Assert.That((shadow.Counts.Equal, shadow.Counts.Different), Is.EqualTo((equal, 0L)), "nothing is compared after it");
        Assert.That(log.Problems, Is.Empty);
    }

    [Test]
    public async Task Trial_OfAFaultyEngine_StopsIt_AndTheStoreGoesOnWithTheOther()
    {
        RecordingLogger log = new();
        ShadowTrial trial = new(TimeSpan.Zero, TimeSpan.FromMinutes(5), MinHashes: 1, new ManualClock());
        await using ShadowEngine shadow = new(new LyingEngine(Managed), Native, log, interval: 1, trial);
        KeyStoreOptions options = new() { Memory = MemoryMode.Light, BuilderThreads = 1, Engine = shadow, Fallback = Native, Pages = PagePreference.Thp };
        await using KeyStore store = new(options, TimeProvider.System, log, RandomXLibrary.DatasetItemCount);
        shadow.FaultFound += store.ReplaceEngine;
        using CancellationTokenSource deadline = new(Deadline);
        store.SetKeys(Hash256.Zero, next: null);
        await store.WaitForCacheAsync(Hash256.Zero, deadline.Token);
        using (IHasher faulty = store.TryCreateVm(Hash256.Zero, 0, out _)!)
            HashBatches(faulty, batches: 1);
        while (store.Engine != Native)
            await Task.Delay(10, deadline.Token);
        await store.WaitForCacheAsync(Hash256.Zero, deadline.Token);
        using IHasher right = store.TryCreateVm(Hash256.Zero, 0, out _)!;
        Assert.That(right, Is.InstanceOf<RandomXVm>());
        Assert.That(shadow.Counts.Different, Is.EqualTo(1));
        Assert.That(log.Problems.Single(), Does.Contain($"key {new string('0', 64)}, input").And.Contain("lying gave").And.Contain("Only native goes on"));
    }

    [Test]
    public void Selection_OnANewMachine_ComparesTheEngines_AndRemembersThatItDid()
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        string path = Path.Combine(Directory.CreateTempSubdirectory("trial-").FullName, "calibration.json");
        try
        {
            ManagedEngineOptions options = new() { Cpu = "one", CalibrationFile = path, Trial = ShadowTrial.OfNode(TimeProvider.System) };
            IRandomXEngine fresh = EngineSelection.Select(EngineKind.Auto, options).Engine;
            Assert.That(fresh, Is.InstanceOf<ShadowEngine>());
            string circumstances = $"one, p2p-miner {typeof(ManagedEngine).Assembly.GetName().Version}";
            new CalibrationFile(path).KeepCompared(circumstances, 200);
            Assert.That(EngineSelection.Select(EngineKind.Auto, options).Engine, Is.InstanceOf<ManagedEngine>());
            Assert.That(EngineSelection.Select(EngineKind.Auto, options with { Cpu = "another" }).Engine, Is.InstanceOf<ShadowEngine>());
            Assert.That(EngineSelection.Select(EngineKind.Auto, options with { Cpu = "another", Trial = null }).Engine, Is.InstanceOf<ManagedEngine>());
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    private sealed class ManualClock : TimeProvider
    {
        private long _ticks;

        public TimeSpan Now
        {
            set => Volatile.Write(ref _ticks, value.Ticks);
        }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);
    }

    private static int HashBatches(IHasher hasher, int batches)
    {
        byte[] blobs = new byte[hasher.Lanes * BlobSize];
        byte[] hashes = new byte[hasher.Lanes * Hash256.Size];
        hasher.First(blobs);
        for (byte batch = 1; batch <= batches; batch++)
        {
            blobs.AsSpan().Fill(batch);

            // Another input in each lane: a hash that is compared with that of another lane's would be seen.
            for (int lane = 0; lane < hasher.Lanes; lane++)
                blobs[lane * BlobSize] = (byte)lane;
            hasher.Next(blobs, hashes);
        }
        return batches * hasher.Lanes;
    }

    /// <summary>Flips a bit of every hash.</summary>
    private sealed class LyingEngine(IRandomXEngine inner) : IRandomXEngine
    {
        public string Name => "lying";

        public void EnsureProven() => inner.EnsureProven();

        public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages) => inner.CreateCache(key, pages);

        public RandomXDataset AllocateDataset(PagePreference pages) => inner.AllocateDataset(pages);

        public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation)
        {
        }

        public IHasher CreateLight(IRandomXCache cache, PagePreference pages) => new LyingHasher(inner.CreateLight(cache, pages));

        public IHasher CreateFull(RandomXDataset dataset, PagePreference pages) => new LyingHasher(inner.CreateFull(dataset, pages));

        public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages) =>
            inner.CreateVerifier(cache, isCompiled, pages);
    }

    private sealed class LyingHasher(IHasher inner) : IHasher
    {
        public ReadOnlySpan<byte> Key => inner.Key;

        public bool IsFull => inner.IsFull;

        public int Lanes => inner.Lanes;

        public Hardware.PageKind PageKind => inner.PageKind;

        public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output)
        {
            inner.CalculateHash(input, output);
            output[0] ^= 1;
        }

        public void First(ReadOnlySpan<byte> inputs) => inner.First(inputs);

        public void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes)
        {
            inner.Next(nextInputs, hashes);
            for (int lane = 0; lane < Lanes; lane++)
                hashes[lane * Hash256.Size] ^= 1;
        }

        public void Dispose() => inner.Dispose();
    }
}

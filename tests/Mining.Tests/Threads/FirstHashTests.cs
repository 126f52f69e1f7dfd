using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Mining.Threads;

namespace P2PMiner.Mining.Tests.Threads;

/// <summary>The hash that comes before the first batch of several lanes, on an engine that tells what it is asked.</summary>
public sealed class FirstHashTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    [Test]
    public async Task FirstHash_OfSeveralLanes_ComesBeforeTheirBatch_AndTakesNoNonceTwice()
    {
        RecordingEngine engine = new(lanes: 4);
        await using KeyStore keys = Store(engine);
        await using Miner miner = Start(keys);

        await miner.FirstHash.WaitAsync(Deadline);
        engine.LetBatchesEnd();
        List<Hit> hits = [];
        while (hits.Count < 30)
            hits.Add(await miner.Hits.ReadAsync().AsTask().WaitAsync(Deadline));

        Assert.That(hits.Take(5).Select(hit => hit.Nonce), Is.EqualTo(Enumerable.Range(0, 5)), "one by itself, and the batch after it");
        Assert.That(hits.Select(hit => (hit.ExtraNonce, hit.Nonce)), Is.Unique);
        Assert.That(engine.Calls.Take(3), Is.EqualTo(new[] { "one", "first", "next" }));
        Assert.That(engine.Calls.Count(call => call == "one"), Is.EqualTo(1));
    }

    [Test]
    public async Task HashByItself_ComesOnce_AndNotWhereThereIsOneLaneOnly([Values(1, 4)] int lanes)
    {
        RecordingEngine engine = new(lanes);
        engine.LetBatchesEnd();
        await using KeyStore keys = Store(engine);
        await using Miner miner = Start(keys);
        await miner.FirstHash.WaitAsync(Deadline);
        for (int job = 2; job < 4; job++)
        {
            miner.SetJob(new EasyJob { Id = $"{job}", Key = Hash256.Zero, Height = 1, ShareDifficulty = 1, NetworkDifficulty = UInt128.MaxValue });
            while ((await miner.Hits.ReadAsync().AsTask().WaitAsync(Deadline)).Job.Id != $"{job}")
            {
            }
        }
        Assert.That(engine.Calls.Count(call => call == "one"), Is.EqualTo(lanes == 1 ? 0 : 1));
    }

    private static KeyStore Store(RecordingEngine engine) => new(
        new KeyStoreOptions { Memory = MemoryMode.Light, BuilderThreads = 1, Engine = engine }, TimeProvider.System, NullLogger<KeyStore>.Instance);

    private static Miner Start(KeyStore keys)
    {
        Miner miner = new(
            new ThreadPlan([new PlannedThread(0, 0)], "one thread"), keys, new MinerOptions(Pin: false, LowPriority: false), TimeProvider.System,
            NullLogger<Miner>.Instance);
        keys.SetKeys(Hash256.Zero, next: null);
        miner.SetJob(new EasyJob { Id = "1", Key = Hash256.Zero, Height = 1, ShareDifficulty = 1, NetworkDifficulty = UInt128.MaxValue });
        miner.Start();
        return miner;
    }

    private sealed class EasyJob : Job
    {
        public override JobSource Source => JobSource.Chain;

        public override int WriteHashingBlob(ulong extraNonce, Span<byte> destination, out int nonceOffset) =>
            new HashingBlob(1, 0, Height, Hash256.Zero, Hash256.Zero, 1).Write(0, destination, out nonceOffset);
    }

    /// <summary>Every hash is zero, which is good enough for any difficulty; batches end when they are let.</summary>
    private sealed class RecordingEngine(int lanes) : IRandomXEngine
    {
        private readonly TaskCompletionSource _batchesEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<string> Calls { get; } = [];

        public string Name => "recording";

        public void LetBatchesEnd() => _batchesEnd.TrySetResult();

        public void EnsureProven()
        {
        }

        public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages) => new NoCache();

        public IHasher CreateLight(IRandomXCache cache, PagePreference pages) => new Hasher(this, lanes);

        public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages) => new Hasher(this, 1);

        public RandomXDataset AllocateDataset(PagePreference pages) => throw new NotSupportedException();

        public IHasher CreateFull(RandomXDataset dataset, PagePreference pages) => throw new NotSupportedException();

        public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation) =>
            throw new NotSupportedException();

        private sealed class NoCache : IRandomXCache
        {
            private readonly byte[] _key = new byte[Hash256.Size];

            public ReadOnlySpan<byte> Key => _key;

            public PageKind PageKind => PageKind.Normal;

            public void WriteItems(RandomXDataset dataset, int firstItem, int itemCount) => throw new NotSupportedException();

            public void Dispose()
            {
            }
        }

        private sealed class Hasher(RecordingEngine engine, int lanes) : IHasher
        {
            private readonly byte[] _key = new byte[Hash256.Size];

            public ReadOnlySpan<byte> Key => _key;

            public bool IsFull => false;

            public int Lanes => lanes;

            public PageKind PageKind => PageKind.Normal;

            public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output)
            {
                engine.Calls.Enqueue("one");
                output[..Hash256.Size].Clear();
            }

            public void First(ReadOnlySpan<byte> inputs) => engine.Calls.Enqueue("first");

            public void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes)
            {
                engine.Calls.Enqueue("next");
                engine._batchesEnd.Task.Wait(Deadline);
                hashes.Clear();
            }

            public void Dispose()
            {
            }
        }
    }
}

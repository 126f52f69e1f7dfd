using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Mining.Threads;

namespace P2PMiner.Mining.Tests.Threads;

/// <summary>How often the hashes in flight are given up for a new job, on an engine whose batches end when the test says so.</summary>
public sealed class GivingUpTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private StandingTime _time = null!;
    private SteppedEngine _engine = null!;
    private KeyStore _keys = null!;
    private Miner _miner = null!;
    private int _jobs;

    [SetUp]
    public async Task Start()
    {
        (_time, _engine, _jobs) = (new StandingTime(), new SteppedEngine(), 0);
        _keys = new KeyStore(
            new KeyStoreOptions { Memory = MemoryMode.Light, BuilderThreads = 1, Engine = _engine }, TimeProvider.System, NullLogger<KeyStore>.Instance);
        _keys.SetKeys(Hash256.Zero, next: null);
        await _keys.WaitForCacheAsync(Hash256.Zero, CancellationToken.None).WaitAsync(Deadline);
        _miner = new Miner(
            new ThreadPlan([new PlannedThread(0, 0)], "one thread"), _keys, new MinerOptions(Pin: false, LowPriority: false), _time,
            NullLogger<Miner>.Instance);
        NewJob();
        _miner.Start();
    }

    [TearDown]
    public async Task Stop()
    {
        _engine.EndAll();
        await _miner.DisposeAsync();
        await _keys.DisposeAsync();
    }

    [Test]
    public async Task HashesInFlight_AreGivenUpForANewJob()
    {
        Batch batch = await NextAsync();
        Assert.That(batch.IsWanted(), Is.True);
        NewJob();
        Assert.That(batch.IsWanted(), Is.False);
        batch.End(isFinished: false);

        batch = await NextAsync();
        Assert.That(batch.IsWanted(), Is.True);
        batch.End(isFinished: true);
        await NextAsync();
        Assert.That(_miner.TotalHashes, Is.EqualTo(1));
    }

    [Test]
    public async Task HashesInFlight_AreGivenUpForFourJobsInAMoment_AndThenOnceInTwoSeconds()
    {
        Batch batch = await NextAsync();
        for (int i = 0; i < 4; i++)
            batch = await GiveUpAsync(batch);
        for (int i = 0; i < 3; i++)
        {
            NewJob();
            Assert.That(batch.IsWanted(), Is.True, "jobs that come faster than hashes would let nothing be finished");
            _time.Advance(TimeSpan.FromSeconds(2) - TimeSpan.FromMilliseconds(1));
            Assert.That(batch.IsWanted(), Is.True, "a moment too early");
            _time.Advance(TimeSpan.FromMilliseconds(1));
            batch = await GiveUpAsync(batch);
        }
        NewJob();
        Assert.That(batch.IsWanted(), Is.True, "right after the last time");
    }

    [Test]
    public async Task TimesThatWereNotUsed_AreGotBackOneInTwoSeconds_UpToFour()
    {
        Batch batch = await NextAsync();
        for (int i = 0; i < 4; i++)
            batch = await GiveUpAsync(batch);
        _time.Advance(TimeSpan.FromSeconds(4));
        for (int i = 0; i < 2; i++)
            batch = await GiveUpAsync(batch);
        NewJob();
        Assert.That(batch.IsWanted(), Is.True);

        _time.Advance(TimeSpan.FromHours(1));
        for (int i = 0; i < 4; i++)
            batch = await GiveUpAsync(batch);
        NewJob();
        Assert.That(batch.IsWanted(), Is.True);
    }

    /// <returns>The batch after <paramref name="batch"/>, which is given up.</returns>
    private async Task<Batch> GiveUpAsync(Batch batch)
    {
        NewJob();
        Assert.That(batch.IsWanted(), Is.False);
        batch.End(isFinished: false);
        return await NextAsync();
    }

    private void NewJob() => _miner.SetJob(new HardJob
    {
        Id = $"{++_jobs}",
        Key = Hash256.Zero,
        Height = (ulong)_jobs,
        ShareDifficulty = UInt128.MaxValue,
        NetworkDifficulty = UInt128.MaxValue,
    });

    private Task<Batch> NextAsync() => _engine.Batches.ReadAsync().AsTask().WaitAsync(Deadline);

    private sealed class StandingTime : TimeProvider
    {
        private long _now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan span) => Interlocked.Add(ref _now, span.Ticks);

        public override long GetTimestamp() => Interlocked.Read(ref _now);
    }

    private sealed class HardJob : Job
    {
        public override JobSource Source => JobSource.Chain;

        public override int WriteHashingBlob(ulong extraNonce, Span<byte> destination, out int nonceOffset) =>
            new HashingBlob(1, 0, Height, Hash256.Zero, Hash256.Zero, 1).Write(0, destination, out nonceOffset);
    }

    /// <summary>Hashes in flight; the thread that computes them waits meanwhile, so that the test may ask in its place.</summary>
    private sealed class Batch(Func<bool> isWanted)
    {
        private readonly TaskCompletionSource<bool> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsWanted() => isWanted();

        public void End(bool isFinished) => _end.TrySetResult(isFinished);

        public bool WaitForEnd() => _end.Task.Wait(Deadline) && _end.Task.Result;
    }

    private sealed class SteppedEngine : IRandomXEngine
    {
        private readonly Channel<Batch> _batches = Channel.CreateBounded<Batch>(1);
        private readonly Lock _lock = new();
        private Batch? _last;
        private bool _isOver;

        public string Name => "stepped";

        public ChannelReader<Batch> Batches => _batches.Reader;

        /// <summary>Ends the batch under way, and all that come.</summary>
        public void EndAll()
        {
            lock (_lock)
                _isOver = true;
            _last?.End(isFinished: true);
        }

        public void EnsureProven()
        {
        }

        public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages) => new NoCache();

        public IHasher CreateLight(IRandomXCache cache, PagePreference pages) => new Hasher(this);

        public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages) => new Hasher(this);

        public RandomXDataset AllocateDataset(PagePreference pages) => throw new NotSupportedException();

        public IHasher CreateFull(RandomXDataset dataset, PagePreference pages) => throw new NotSupportedException();

        public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation) =>
            throw new NotSupportedException();

        private bool Run(Func<bool> isWanted)
        {
            Batch batch = new(isWanted);
            lock (_lock)
            {
                if (_isOver)
                    return true;
                _last = batch;
            }
            Assert.That(_batches.Writer.TryWrite(batch), Is.True, "the test takes each batch before it ends it");
            return batch.WaitForEnd();
        }

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

        private sealed class Hasher(SteppedEngine engine) : IHasher
        {
            private readonly byte[] _key = new byte[Hash256.Size];

            public ReadOnlySpan<byte> Key => _key;

            public bool IsFull => false;

            public int Lanes => 1;

            public PageKind PageKind => PageKind.Normal;

            public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output) => output[..Hash256.Size].Fill(0xff);

            public void First(ReadOnlySpan<byte> inputs)
            {
            }

            public void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes) => hashes.Fill(0xff);

            public bool TryNext(ReadOnlySpan<byte> nextInputs, Span<byte> hashes, Func<bool> isWanted)
            {
                hashes.Fill(0xff);
                return engine.Run(isWanted);
            }

            public void Dispose()
            {
            }
        }
    }
}

using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.Threads;

namespace P2PMiner.Mining.Tests.Threads;

/// <summary>Real threads with real hashes in light mode.</summary>
[TestFixture("native")]
[TestFixture("managed")]
public sealed class MinerTests(string engine)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly Hash256 FirstKey = new([.. Enumerable.Repeat((byte)1, 32)]);
    private static readonly Hash256 SecondKey = new([.. Enumerable.Repeat((byte)2, 32)]);

    private KeyStore _keys = null!;
    private Miner _miner = null!;
    private CancellationTokenSource _deadline = null!;

    [SetUp]
    public void Start()
    {
        _deadline = new CancellationTokenSource(Deadline);
        KeyStoreOptions options = new() { Memory = MemoryMode.Light, BuilderThreads = 1, Engine = engine == "native" ? new NativeEngine() : new ManagedEngine() };
        _keys = new KeyStore(options, TimeProvider.System, NullLogger<KeyStore>.Instance);
        ThreadPlan plan = new([new PlannedThread(0, 0), new PlannedThread(0, 0)], "two threads");
        _miner = new Miner(
            plan, _keys, new MinerOptions(Pin: false, LowPriority: false), TimeProvider.System, NullLogger<Miner>.Instance);
        _keys.SetKeys(FirstKey, SecondKey);
        _miner.Start();
    }

    [TearDown]
    public async Task Stop()
    {
        await _miner.DisposeAsync();
        await _keys.DisposeAsync();
        _deadline.Dispose();
    }

    [Test]
    public async Task Hits_OfJobsWithChangingKeysAllHaveTheHashOfTheirOwnKeyAndBlob()
    {
        const int Switches = 12;
        const int HashedAgainPerJob = 8;
        await Task.WhenAll(_keys.WaitForCacheAsync(FirstKey, _deadline.Token), _keys.WaitForCacheAsync(SecondKey, _deadline.Token));
        using LightVerifier verifier = new(_keys, TimeProvider.System);
        List<Hit> hits = [];
        for (int i = 0; i < Switches; i++)
        {
            TestJob job = TestJob.Create(i, i % 2 == 0 ? FirstKey : SecondKey);
            _miner.SetJob(job);
            Hit hit;
            do
            {
                hit = await _miner.Hits.ReadAsync(_deadline.Token);
                hits.Add(hit);
            }
            while (hit.Job != job);
        }
        while (hits.DistinctBy(hit => hit.Thread).Count() < _miner.ThreadCount)
            hits.Add(await _miner.Hits.ReadAsync(_deadline.Token));

        Assert.That(hits.Select(hit => hit.Job.Key).Distinct().ToArray(), Has.Length.EqualTo(2));
        Assert.That(hits.Select(hit => (hit.Job, hit.ExtraNonce, hit.Nonce)), Is.Unique, "no work is done twice");
        byte[] hash = new byte[Hash256.Size];
        foreach (Hit hit in hits.GroupBy(hit => hit.Job).SelectMany(ofJob => ofJob.TakeLast(HashedAgainPerJob)))
        {
            Assert.That(verifier.TryHash(hit.Job.Key, Blob(hit), hash), Is.True);
            Assert.That(new Hash256(hash), Is.EqualTo(hit.Hash));
        }
    }

    [Test]
    public async Task Hits_MeetTheShareDifficultyAndTellBlocks()
    {
        TestJob job = TestJob.Create(0, FirstKey, share: 2, network: 4);
        _miner.SetJob(job);
        byte[] hash = new byte[Hash256.Size];
        for (int i = 0; i < 20; i++)
        {
            Hit hit = await _miner.Hits.ReadAsync(_deadline.Token);
            hit.Hash.CopyTo(hash);
            Assert.That(Difficulty.IsMet(hash, 2), Is.True);
            Assert.That(hit.IsBlock, Is.EqualTo(Difficulty.IsMet(hash, 4)));
        }
    }

    [Test]
    public async Task Job_WithAFixedBlobIsSearchedInItsPiecesOnly_UntilTheyAreGoneOrAnothers()
    {
        // A piece that is begun before the second key is ready would be left in the middle.
        await Task.WhenAll(_keys.WaitForCacheAsync(FirstKey, _deadline.Token), _keys.WaitForCacheAsync(SecondKey, _deadline.Token));
        const uint Lost = 64 * 78;
        const uint Size = 48;
        TestRanges ranges = new([(Lost, 600), (1000, Size), (uint.MaxValue - Size + 1, Size), (0, Size)], Lost);
        uint[] expected = [Lost, 1000, uint.MaxValue - Size + 1, 0];
        _miner.SetJob(TestJob.Create(0, FirstKey, ranges: ranges));
        HashSet<uint> nonces = [];
        while (!nonces.IsSupersetOf(expected))
            Assert.That(nonces.Add((await _miner.Hits.ReadAsync(_deadline.Token)).Nonce), Is.True);

        // What is another's is given up soon, not at once.
        Assert.That(nonces.Where(nonce => expected[1..].All(first => nonce - first >= Size)), Is.All.InRange(Lost, Lost + 128));
        Assert.That(ranges.TryTake(out _, out _), Is.False);
    }

    [Test]
    public async Task Switch_ReachesEveryThread()
    {
        _miner.SetJob(TestJob.Create(0, FirstKey));
        await _miner.FirstHash.WaitAsync(_deadline.Token);
        _miner.SetJob(TestJob.Create(1, FirstKey));
        while (_miner.LastSwitchLatency is null)
            await Task.Delay(1, _deadline.Token);

        Assert.That(_miner.LastSwitchLatency, Is.GreaterThan(TimeSpan.Zero));
    }

    [Test]
    public async Task Hashes_AreFinished_HoweverSoonTheNextJobComes()
    {
        const int SomeHashes = 40;
        for (int i = 0; _miner.TotalHashes < SomeHashes; i++)
        {
            _miner.SetJob(TestJob.Create(i, FirstKey, share: UInt128.MaxValue, network: UInt128.MaxValue));
            await Task.Delay(1, _deadline.Token);
        }
    }

    [Test]
    public async Task Pause_StopsHashingAndKeepsTheJob()
    {
        TestJob job = TestJob.Create(0, FirstKey, share: UInt128.MaxValue, network: UInt128.MaxValue);
        _miner.SetJob(job);
        await _miner.FirstHash.WaitAsync(_deadline.Token);

        _miner.SetPaused(true);
        long before;
        do
        {
            // Each thread may finish the hash that it is on.
            before = _miner.TotalHashes;
            await Task.Delay(200, _deadline.Token);
        }
        while (_miner.TotalHashes != before);
        Assert.That(_miner.IsPaused, Is.True);
        Assert.That(_miner.Job, Is.SameAs(job));

        _miner.SetPaused(false);
        while (_miner.TotalHashes == before)
            await Task.Delay(10, _deadline.Token);
    }

    [Test]
    public async Task Key_ThatIsGivenUpWhileThePausedMinerHoldsItsVmIsFreed()
    {
        _miner.SetJob(TestJob.Create(0, FirstKey, share: UInt128.MaxValue, network: UInt128.MaxValue));
        await _miner.FirstHash.WaitAsync(_deadline.Token);
        _miner.SetPaused(true);
        Hash256 thirdKey = new([.. Enumerable.Repeat((byte)3, 32)]);
        _keys.SetKeys(thirdKey, null);
        _miner.SetJob(TestJob.Create(1, thirdKey, share: UInt128.MaxValue, network: UInt128.MaxValue));
        long before = _miner.TotalHashes;
        _miner.SetPaused(false);

        while (_miner.TotalHashes < before + 4)
            await Task.Delay(10, _deadline.Token);
        Assert.That(_miner.Failure.IsCompleted, Is.False);
    }

    [Test]
    public async Task Threads_AllocateNothingPerHash()
    {
        _miner.SetJob(TestJob.Create(0, FirstKey, share: UInt128.MaxValue, network: UInt128.MaxValue));
        await _miner.FirstHash.WaitAsync(_deadline.Token);
        await _keys.WaitForCacheAsync(SecondKey, _deadline.Token);

        // A search that began before the second key was ready begins anew, which allocates; no thread may have that ahead.
        // Hashes of several lanes come together, so a batch or two are waited for.
        await UntilEachThreadHashed(40);
        long[] before = [.. _miner.AllocatedBytes];

        await UntilEachThreadHashed(50);

        Assert.That(before, Is.All.Positive);
        Assert.That(_miner.AllocatedBytes, Is.EqualTo(before));
    }

    private async Task UntilEachThreadHashed(int more)
    {
        long[] ends = [.. _miner.ThreadHashes.Select(hashes => hashes + more)];
        while (_miner.ThreadHashes.Zip(ends).Any(pair => pair.First < pair.Second))
            await Task.Delay(10, _deadline.Token);
    }

    private static byte[] Blob(Hit hit)
    {
        byte[] blob = new byte[HashingBlob.MaxSize];
        int length = hit.Job.WriteHashingBlob(hit.ExtraNonce, blob, out int nonceOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(blob.AsSpan(nonceOffset), hit.Nonce);
        return blob[..length];
    }

    private sealed class TestRanges((uint First, uint Count)[] pieces, uint lost) : INonceRanges
    {
        private int _taken;

        public bool TryTake(out uint first, out uint count)
        {
            int piece = Interlocked.Increment(ref _taken) - 1;
            (first, count) = piece < pieces.Length ? pieces[piece] : (0, 0);
            return piece < pieces.Length;
        }

        public bool IsStillOurs(uint first) => first != lost;
    }
}

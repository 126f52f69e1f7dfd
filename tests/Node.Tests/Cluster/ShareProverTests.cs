using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Cluster;

public sealed class ShareProverTests
{
    [Test]
    public async Task CheckAsync_OfManyAtOnce_JudgesEachByItself()
    {
        KeyStoreOptions options = new() { Memory = MemoryMode.Light, BuilderThreads = 1, Pages = PagePreference.Thp };
        await using KeyStore store = new(options, TimeProvider.System, NullLogger<KeyStore>.Instance);
        Hash256 key = new([.. Enumerable.Range(1, Hash256.Size).Select(i => (byte)i)]);
        store.SetKeys(key, next: null);
        using LightVerifier light = new(store, TimeProvider.System);
        using ShareProver prover = new(store, light, PagePreference.Thp, () => null, TimeProvider.System, NullLogger.Instance);
        using CancellationTokenSource givingUp = new();
        Task<Proof>[] checks = [.. Enumerable.Range(0, 12).Select(i => prover.CheckAsync(
            key, new byte[76 + i], i % 3 == 0 ? UInt128.MaxValue : UInt128.One, i == 5 ? givingUp.Token : CancellationToken.None))];
        await givingUp.CancelAsync();
        for (int i = 0; i < checks.Length; i++)
        {
            if (i == 5)
            {
                await Task.WhenAny(checks[5]).WaitAsync(TimeSpan.FromMinutes(5));
                Assert.That(checks[5].IsFaulted, Is.False, "computed or cancelled");
                continue;
            }
            Assert.That(await checks[i].WaitAsync(TimeSpan.FromMinutes(5)), Is.EqualTo(i % 3 == 0 ? Proof.Invalid : Proof.Valid), $"check {i}");
        }
    }

    [Test]
    public async Task CacheOfAnotherKey_IsFilledWhileChecksGoOn()
    {
        EmptyEngine engine = new() { Slow = Key(2) };
        await using KeyStore store = StoreOf(engine);
        using LightVerifier light = new(store, TimeProvider.System);
        using ShareProver prover = new(store, light, PagePreference.Thp, () => null, TimeProvider.System, NullLogger.Instance);
        Task<Proof> other = CheckAsync(prover, 2);
        await engine.Begun.Task.WaitAsync(Deadline);
        Assert.That(prover.NeedsCache(Key(2)), Is.True);
        Assert.That(await CheckAsync(prover, 1).WaitAsync(Deadline), Is.EqualTo(Proof.Valid));
        Assert.That(other.IsCompleted, Is.False);
        engine.Go.SetResult();
        Assert.That(await other.WaitAsync(Deadline), Is.EqualTo(Proof.Valid));
        Assert.That(prover.NeedsCache(Key(2)), Is.False);
    }

    [Test]
    public async Task Caches_AreTwo_AndNotFilledOneAfterTheOther()
    {
        ManualTime time = new(DateTimeOffset.UnixEpoch);
        await using KeyStore store = StoreOf(new EmptyEngine());
        using LightVerifier light = new(store, time);
        using ShareProver prover = new(store, light, PagePreference.Thp, () => null, time, NullLogger.Instance);
        Assert.That(await CheckAsync(prover, 2), Is.EqualTo(Proof.Valid));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await CheckAsync(prover, 3), Is.EqualTo(Proof.Valid));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await CheckAsync(prover, 4), Is.EqualTo(Proof.Unknown), "nobody is blamed");
        Assert.That(await CheckAsync(prover, 2), Is.EqualTo(Proof.Valid), "it is there still");
        time.Advance(OwnCaches.Pause);
        Assert.That(await CheckAsync(prover, 4), Is.EqualTo(Proof.Valid));
        Assert.That(new[] { 1, 2, 3, 4 }.Select(number => prover.NeedsCache(Key(number))), Is.EqualTo(new[] { false, false, true, false }));
    }

    [Test]
    public async Task Cache_IsNotMadeWhereThereIsNoMemory()
    {
        await using KeyStore store = StoreOf(new EmptyEngine());
        using LightVerifier light = new(store, TimeProvider.System);
        using ShareProver prover = new(store, light, PagePreference.Thp, () => 1 << 20, TimeProvider.System, NullLogger.Instance);
        Assert.That(await CheckAsync(prover, 2), Is.EqualTo(Proof.Unknown));
        Assert.That(await CheckAsync(prover, 1), Is.EqualTo(Proof.Valid));
    }

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    private static Hash256 Key(int number) => new([.. Enumerable.Repeat((byte)number, Hash256.Size)]);

    private static Task<Proof> CheckAsync(ShareProver prover, int key) => prover.CheckAsync(Key(key), new byte[76], 1, CancellationToken.None);

    /// <summary>With key 1.</summary>
    private static KeyStore StoreOf(EmptyEngine engine)
    {
        KeyStoreOptions options = new() { Memory = MemoryMode.Light, BuilderThreads = 1, Engine = engine };
        KeyStore store = new(options, TimeProvider.System, NullLogger<KeyStore>.Instance);
        store.SetKeys(Key(1), next: null);
        return store;
    }

    /// <summary>Its hashes are all zero and take no time, nor do its caches but one.</summary>
    private sealed class EmptyEngine : IRandomXEngine
    {
        public string Name => "empty";

        /// <summary>The key whose cache takes until <see cref="Go"/>.</summary>
        public Hash256? Slow { get; init; }

        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void EnsureProven()
        {
        }

        public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages)
        {
            if (Slow is Hash256 slow && new Hash256(key) == slow)
            {
                Begun.TrySetResult();
                Go.Task.Wait(Deadline);
            }
            return new Cache(key.ToArray());
        }

        public IHasher CreateLight(IRandomXCache cache, PagePreference pages) => new Hasher();

        public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages) => new Hasher();

        public RandomXDataset AllocateDataset(PagePreference pages) => throw new NotSupportedException();

        public IHasher CreateFull(RandomXDataset dataset, PagePreference pages) => throw new NotSupportedException();

        public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation) => throw new NotSupportedException();

        private sealed class Cache(byte[] key) : IRandomXCache
        {
            public ReadOnlySpan<byte> Key => key;

            public PageKind PageKind => PageKind.Normal;

            public void WriteItems(RandomXDataset dataset, int firstItem, int itemCount) => throw new NotSupportedException();

            public void Dispose()
            {
            }
        }

        private sealed class Hasher : IHasher
        {
            public ReadOnlySpan<byte> Key => default;

            public bool IsFull => false;

            public int Lanes => 1;

            public PageKind PageKind => PageKind.Normal;

            public void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output) => output[..Hash256.Size].Clear();

            public void First(ReadOnlySpan<byte> inputs) => throw new NotSupportedException();

            public void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes) => throw new NotSupportedException();

            public void Dispose()
            {
            }
        }
    }
}

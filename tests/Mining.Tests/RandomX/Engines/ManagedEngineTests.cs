using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX.Engines;

/// <summary>The engines against each other.</summary>
public sealed class ManagedEngineTests
{
    private const int BlobSize = 76;
    private static readonly byte[] Key = [1, 2, 3];

    private static readonly ManagedEngine Managed = new();
    private static readonly NativeEngine Native = new();

    [Test]
    public void AnswerOfTheSelfTest_IsWhatTheInterpreterGives()
    {
        using ManagedCache cache = ManagedCache.CreateSmall("test key 000"u8, ManagedEngine.ProofBlocks);
        using InterpretedHasher hasher = new(cache.Key, cache, isFull: false, cache.Hold());
        byte[] hash = new byte[32];

        hasher.CalculateHash("This is a test"u8, hash);

        Assert.That(Convert.ToHexStringLower(hash), Is.EqualTo(ManagedEngine.ProofHash));
    }

    [Test]
    public void Proof_Passes() => Assert.That(Managed.EnsureProven, Throws.Nothing);

    [Test]
    public void Light_GivesTheHashesOfLibRandomX_BatchAfterBatch()
    {
        using IRandomXCache cache = Managed.CreateCache(Key, PagePreference.Auto);
        using IRandomXCache nativeCache = Native.CreateCache(Key, PagePreference.Auto);
        using IHasher hasher = Managed.CreateLight(cache, PagePreference.Auto);
        using IHasher native = Native.CreateLight(nativeCache, PagePreference.Auto);
        Assert.That(hasher.IsFull, Is.False);
        Random random = new(5);
        byte[] blobs = new byte[hasher.Lanes * BlobSize];
        byte[] nextBlobs = new byte[blobs.Length];
        byte[] hashes = new byte[hasher.Lanes * Hash256.Size];
        random.NextBytes(blobs);
        hasher.First(blobs);
        for (int batch = 0; batch < 4; batch++)
        {
            random.NextBytes(nextBlobs);
            hasher.Next(nextBlobs, hashes);
            for (int lane = 0; lane < hasher.Lanes; lane++)
            {
                Assert.That(
                    hashes.AsSpan(lane * Hash256.Size, Hash256.Size).ToArray(),
                    Is.EqualTo(HashOf(native, blobs.AsSpan(lane * BlobSize, BlobSize))), $"batch {batch}, lane {lane}");
            }
            (blobs, nextBlobs) = (nextBlobs, blobs);
        }
    }

    [Test]
    public void LanesPerThread_AreThoseOfTheHashers()
    {
        using IRandomXCache cache = Managed.CreateCache(Key, PagePreference.Auto);
        using IHasher light = Managed.CreateLight(cache, PagePreference.Auto);
        LaneCounts lanes = ManagedEngine.LanesPerThread(cachePerThread: null);
        Assert.That(light.Lanes, Is.EqualTo(lanes.Light).And.LessThanOrEqualTo(ManagedEngine.MaxLightLanes));
        if (ManagedEngine.WhyInterpreted is not null)
            return;
        Assert.That(FullMachine.Candidates(lanes.Full, canTouch: true).Max(settings => settings.Lanes), Is.EqualTo(lanes.Full));
        Assert.That(HybridVm.BestLanes(((ManagedCache)cache).Items!, hasPart: true), Is.EqualTo(lanes.Hybrid));
    }

    // One and two lanes compute items one by one, three leave most of a batch empty.
    [Test]
    public void FewerLanes_GiveTheSameHashes([Values(1, 2, 3)] int most)
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            Assert.Ignore(reason);
        const int PartItems = 1 << 14;
        ManagedEngine frugal = new(new ManagedEngineOptions { MaxLanes = most });
        using IRandomXCache cache = frugal.CreateCache(Key, PagePreference.Auto);
        using IHasher interpreter = Managed.CreateVerifier(cache, isCompiled: false, PagePreference.Auto);
        using RandomXDataset part = frugal.TryAllocatePart(PagePreference.Auto, PartItems)!;
        cache.WriteItems(part, 0, PartItems);
        part.Complete(Key);
        using IHasher light = frugal.CreateLight(cache, PagePreference.Auto);
        using IHasher hybrid = frugal.CreateHybrid(cache, part, PagePreference.Auto);
        using IHasher verifier = frugal.CreateVerifier(cache, isCompiled: true, PagePreference.Auto);
        byte[] blobs = new byte[most * BlobSize];
        new Random(most).NextBytes(blobs);
        byte[][] expected = [.. Enumerable.Range(0, most).Select(lane => HashOf(interpreter, blobs.AsSpan(lane * BlobSize, BlobSize)))];
        foreach (IHasher hasher in new[] { light, hybrid, verifier })
        {
            byte[] hashes = new byte[most * Hash256.Size];
            Assert.That(hasher.Lanes, Is.EqualTo(most));
            hasher.First(blobs);
            hasher.Next(blobs, hashes);
            Assert.That(hashes, Is.EqualTo(expected.SelectMany(hash => hash)));
        }
    }

    [Test]
    public void Light_GivesUpWhatIsNotWantedAnyMore_AndBeginsAnew()
    {
        using IRandomXCache cache = Managed.CreateCache(Key, PagePreference.Auto);
        using IHasher hasher = Managed.CreateLight(cache, PagePreference.Auto);
        byte[] blobs = new byte[hasher.Lanes * BlobSize];
        byte[] hashes = new byte[hasher.Lanes * Hash256.Size];
        int asked = 0;
        hasher.First(blobs);

        Assert.That(hasher.TryNext(blobs, hashes, () => ++asked < 3), Is.False);
        Assert.That(asked, Is.EqualTo(3));
        Assert.That(() => hasher.Next(blobs, hashes), Throws.InvalidOperationException);

        hasher.First(blobs);
        Assert.That(hasher.TryNext(blobs, hashes, () => true), Is.True);
        Assert.That(hashes[..Hash256.Size], Is.EqualTo(HashOf(hasher, blobs.AsSpan(0, BlobSize))));
    }

    [Test]
    public void Verifier_InterpretedAndCompiled_GivesTheHashesOfLibRandomX([Values] bool isCompiled)
    {
        using IRandomXCache cache = Managed.CreateCache(Key, PagePreference.Auto);
        using IRandomXCache nativeCache = Native.CreateCache(Key, PagePreference.Auto);
        using IHasher native = Native.CreateLight(nativeCache, PagePreference.Auto);
        IHasher verifier = Managed.CreateVerifier(cache, isCompiled, PagePreference.Auto);
        cache.Dispose();
        using (verifier)
        {
            Assert.That(HashOf(verifier, []), Is.EqualTo(HashOf(native, [])));
            Assert.That(HashOf(verifier, Key), Is.EqualTo(HashOf(native, Key)));
        }
        Assert.That(() => Managed.CreateVerifier(cache, isCompiled, PagePreference.Auto), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void CalculateHashes_TakesAsManyInputsAsThereAre_OfAnyLength()
    {
        using IRandomXCache cache = Managed.CreateCache(Key, PagePreference.Auto);
        using IRandomXCache nativeCache = Native.CreateCache(Key, PagePreference.Auto);
        using IHasher native = Native.CreateLight(nativeCache, PagePreference.Auto);
        using IHasher verifier = Managed.CreateVerifier(cache, isCompiled: true, PagePreference.Auto);
        ReadOnlyMemory<byte>[] inputs = [.. Enumerable.Range(0, verifier.Lanes).Select(i => (ReadOnlyMemory<byte>)new byte[i * 7])];
        byte[] hashes = new byte[verifier.Lanes * Hash256.Size];
        foreach (int count in new[] { 3, 1, 2, verifier.Lanes }.Where(c => c <= verifier.Lanes).Distinct())
        {
            Array.Clear(hashes);
            verifier.CalculateHashes(inputs.AsSpan(0, count), hashes);
            for (int i = 0; i < count; i++)
                Assert.That(hashes.AsSpan(i * Hash256.Size, Hash256.Size).ToArray(), Is.EqualTo(HashOf(native, inputs[i].Span)), $"{i} of {count}");
            Assert.That(hashes.AsSpan(count * Hash256.Size).ContainsAnyExcept((byte)0), Is.False, "nothing beyond the hashes asked for");
        }
        verifier.CalculateHashes([], hashes);
        Assert.That(() => verifier.CalculateHashes(inputs, hashes.AsSpan(1)), Throws.ArgumentException);
        Assert.That(() => verifier.CalculateHashes(new ReadOnlyMemory<byte>[verifier.Lanes + 1], hashes), Throws.InstanceOf<ArgumentException>());
    }

    [Test]
    public void WriteItems_WritesWhatLibRandomXDoes()
    {
        const int Count = 5000;
        const int First = RandomXLibrary.DatasetItemCount - Count;
        using IRandomXCache cache = Managed.CreateCache(Key, PagePreference.Auto);
        using IRandomXCache nativeCache = Native.CreateCache(Key, PagePreference.Auto);
        using RandomXDataset dataset = Managed.AllocateDataset(PagePreference.Auto);
        using RandomXDataset expected = Native.AllocateDataset(PagePreference.Auto);
        cache.WriteItems(dataset, First, Count);
        nativeCache.WriteItems(expected, First, Count);
        using DatasetItems items = dataset.Borrow(First, Count);
        using DatasetItems expectedItems = expected.Borrow(First, Count);
        Assert.That(items.Bytes.SequenceEqual(expectedItems.Bytes), Is.True);
        Assert.That(() => nativeCache.WriteItems(dataset, 0, 1), Throws.InvalidOperationException, "librandomx does not know its memory");
        Assert.That(() => cache.WriteItems(dataset, First, Count + 1), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task KeyStore_TakesTheFallbackOfAnEngineThatIsNotProven()
    {
        RecordingLogger log = new();
        KeyStoreOptions options = new()
        {
            Memory = MemoryMode.Light,
            BuilderThreads = 1,
            Engine = new FailingEngine(),
            Fallback = Managed,
        };
        await using KeyStore store = new(options, TimeProvider.System, log, RandomXLibrary.DatasetItemCount);
        TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        store.StatusChanged += status =>
        {
            if (status.Keys.Any(key => key.Cache == CacheState.Ready))
                ready.TrySetResult();
        };
        store.SetKeys(Hash256.Zero, next: null);
        await ready.Task.WaitAsync(TimeSpan.FromMinutes(5));
        Assert.That(store.Engine, Is.SameAs(Managed));
        using IHasher? hasher = store.TryCreateVm(Hash256.Zero, 0, out _);
        Assert.That(hasher, Is.Not.Null);
    }

    [Test]
    public void Selection_TakesWhatWasAskedForAndTheBestOtherwise()
    {
        Assert.That(EngineSelection.Select(EngineKind.Native, new ManagedEngineOptions()).Engine.Name, Is.EqualTo("native"));
        Assert.That(EngineSelection.Select(EngineKind.Managed, new ManagedEngineOptions()).Engine.Name, Is.EqualTo("managed"));
        EngineSelection best = EngineSelection.Select(EngineKind.Auto, new ManagedEngineOptions());
        Assert.That(best.Engine.Name, Is.EqualTo(ManagedEngine.WhyInterpreted is null ? "managed" : "native"));
        EngineSelection interpreted = EngineSelection.SelectBest(new ManagedEngineOptions(), whyInterpreted: "no code");
        Assert.That(interpreted.Engine.Name, Is.EqualTo("native"), "librandomx is faster than interpreting");
        Assert.That(best.TakeProven(), Is.SameAs(best.Engine));
        Assert.That(new EngineSelection(new FailingEngine(), Managed).TakeProven(), Is.SameAs(Managed));
        Assert.That(() => new EngineSelection(new FailingEngine(), null).TakeProven(), Throws.TypeOf<RandomXUnavailableException>());
    }

    [Test]
    public void CodeThatMayNotBeMapped_IsTold([Values] bool isMemoryShort)
    {
        string? reason = ManagedEngine.FindCodeProblem(
            _ => throw (isMemoryShort ? new InsufficientMemoryException("not permitted") : new PlatformNotSupportedException("not permitted")));
        Assert.That(reason, Is.EqualTo("not permitted").Or.EqualTo(ManagedEngine.WhyInterpreted));
    }

    private static byte[] HashOf(IHasher hasher, ReadOnlySpan<byte> blob)
    {
        byte[] hash = new byte[Hash256.Size];
        hasher.CalculateHash(blob, hash);
        return hash;
    }

    /// <summary>Its caches are librandomx's, and its self-test fails.</summary>
    private sealed class FailingEngine : IRandomXEngine
    {
        public string Name => "failing";

        public void EnsureProven() => throw new RandomXUnavailableException("wrong hashes");

        public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages) => Native.CreateCache(key, pages);

        public RandomXDataset AllocateDataset(PagePreference pages) => throw new NotSupportedException();

        public IHasher CreateLight(IRandomXCache cache, PagePreference pages) => throw new NotSupportedException();

        public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public IHasher CreateFull(RandomXDataset dataset, PagePreference pages) => throw new NotSupportedException();

        public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages) => throw new NotSupportedException();
    }
}

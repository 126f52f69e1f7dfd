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
        while (shadow.Counts.Equal + shadow.Counts.Different < expected)
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

    private static int HashBatches(IHasher hasher, int batches)
    {
        byte[] blobs = new byte[hasher.Lanes * BlobSize];
        byte[] hashes = new byte[hasher.Lanes * Hash256.Size];
        hasher.First(blobs);
        for (byte batch = 1; batch <= batches; batch++)
        {
            blobs.AsSpan().Fill(batch);
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

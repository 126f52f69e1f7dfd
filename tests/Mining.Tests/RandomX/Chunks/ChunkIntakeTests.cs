using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX.Chunks;

/// <summary>Datasets of a few chunks, made by threads of this machine and sources that bring right and wrong chunks.</summary>
[TestFixture]
public sealed class ChunkIntakeTests
{
    private const int Items = 12 * DatasetWorkers.ChunkItems - 5;
    private const int ChunkBytes = DatasetWorkers.ChunkItems * RandomXLibrary.DatasetItemSize;

    private static readonly NativeEngine Engine = new();

    private IRandomXCache _cache = null!;
    private RandomXDataset _truth = null!;
    private DatasetBuilder _builder = null!;

    [OneTimeSetUp]
    public async Task MakeTruth()
    {
        _cache = Engine.CreateCache(Enumerable.Repeat((byte)7, Hash256.Size).ToArray(), PagePreference.Auto);
        _builder = new DatasetBuilder(2, [new NumaNodeCpus(0, [])], TimeProvider.System);
        _truth = await FillAsync(null);
    }

    [OneTimeTearDown]
    public void DropTruth()
    {
        _truth.Dispose();
        _cache.Dispose();
    }

    [Test]
    public async Task Supplied_IsTheSameDataset_AndCountsWhatCameFromElsewhere()
    {
        int taken = 0;
        TestSupplier supplier = new(async (intake, cancellation) =>
        {
            Assert.That(intake.Key, Is.EqualTo(new Hash256(_cache.Key)));
            Assert.That(intake.SizeOf(intake.Chunks - 1), Is.EqualTo(ChunkBytes - 5 * RandomXLibrary.DatasetItemSize));
            using ChunkSource source = intake.Open(() => Assert.Fail("it is honest"));
            while (source.TryTake(3, out int first, out int count))
            {
                for (int chunk = first; chunk < first + count; chunk++)
                    taken += source.Offer(chunk, Truth(chunk)) == ChunkVerdict.Taken ? 1 : 0;
            }
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        using RandomXDataset dataset = await FillAsync(supplier, remote => Assert.That(DatasetWorkers.ChunkCount(remote), Is.EqualTo(taken)));
        AssertTrue(dataset);
    }

    [Test]
    public async Task WrongChunk_IsFound_AndAllOfItsSourceIsComputedHere()
    {
        ChunkVerdict verdict = ChunkVerdict.Taken;
        TestSupplier supplier = new((intake, _) =>
        {
            ChunkSource source = intake.Open(() => Assert.Fail("found at once"));
            for (int sent = 0; verdict == ChunkVerdict.Taken && source.TryTake(1, out int chunk, out int _); sent++)
            {
                byte[] bytes = Truth(chunk);
                if (sent == 2)
                    FlipOneIn(bytes, every: 16);
                verdict = source.Offer(chunk, bytes);
            }
            Assert.That(source.TryTake(1, out int _, out int _), Is.False);
            return Task.CompletedTask;
        });
        using RandomXDataset dataset = await FillAsync(
            supplier, remote => Assert.That(remote == 0 || verdict != ChunkVerdict.Wrong, Is.True));
        AssertTrue(dataset);
    }

    [Test]
    public async Task SourceCaughtElsewhere_LosesAllThatItBrought_EvenInTheLastMoment([Values] bool isAtTheEnd)
    {
        ChunkVerdict after = ChunkVerdict.Taken;
        ChunkIntake? ended = null;
        TestSupplier supplier = new(async (intake, cancellation) =>
        {
            ended = intake;
            ChunkSource source = intake.Open(() => Assert.Fail("what it brought looks right"));
            while (source.TryTake(2, out int first, out int count))
            {
                Assert.That(source.Offer(first + count - 1, Truth(first + count - 1)), Is.Not.EqualTo(ChunkVerdict.Wrong));
                source.Return();
            }
            if (!isAtTheEnd)
                source.Revoke();
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            source.Revoke();
            after = source.Offer(0, Truth(0));
        });
        using RandomXDataset dataset = await FillAsync(supplier, remote => Assert.That(remote, Is.Zero));
        Assert.That(after, Is.EqualTo(ChunkVerdict.Late));
        Assert.That(ended!.HasFree, Is.False, "all of it is computed here");
        AssertTrue(dataset);
    }

    [Test]
    public void Check_FindsAWrongItem_WhenItIsDrawn_AndOnlyThen()
    {
        byte[] chunk = Truth(1);
        chunk[100 * RandomXLibrary.DatasetItemSize] ^= 1;
        using RandomXDataset dataset = Engine.AllocateDataset(PagePreference.Normal);
        Assert.That(Draws(drawn: 100).IsRight(DatasetWorkers.ChunkItems, chunk), Is.False);
        Assert.That(Draws(drawn: 101).IsRight(DatasetWorkers.ChunkItems, chunk), Is.True);

        ChunkCheck Draws(uint drawn) => new(
            dataset, _cache, bytes => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(bytes).Fill(drawn));
    }

    [Test]
    public async Task LastLook_FindsWhatTheFirstDidNot()
    {
        using RandomXDataset dataset = Engine.AllocateDataset(PagePreference.Normal);
        ChunkQueue queue = new(Items);
        uint drawn = 0;
        ChunkCheck check = new(
            dataset, _cache, bytes => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(bytes).Fill(drawn++ < 3 ? 0 : drawn));
        ChunkIntake intake = new(new Hash256(_cache.Key), dataset, queue, check, TimeProvider.System);
        int exposed = 0;
        using ChunkSource source = intake.Open(() => exposed++);
        Assert.That(source.TryTake(3, out int first, out int count), Is.True);
        for (int chunk = first; chunk < first + count; chunk++)
        {
            byte[] bytes = Truth(chunk);
            FlipOneIn(bytes.AsSpan(RandomXLibrary.DatasetItemSize), every: 1);
            Assert.That(source.Offer(chunk, bytes), Is.EqualTo(ChunkVerdict.Taken), "only the first item is drawn");
        }
        DatasetWorkers workers = new(2, [], lowPriority: false, TimeProvider.System);
        await workers.RunAsync(queue, (item, items) => _cache.WriteItems(dataset, item, items), null, CancellationToken.None);
        Assert.That(queue.RemoteItems, Is.GreaterThan(0));
        Assert.That(intake.CheckAll(), Is.False);
        Assert.That(exposed, Is.EqualTo(1));
        Assert.That(queue.RemoteItems, Is.Zero);
        await workers.RunAsync(queue, (item, items) => _cache.WriteItems(dataset, item, items), null, CancellationToken.None);
        Assert.That(intake.CheckAll(), Is.True);
        AssertTrue(dataset);
    }

    [Test]
    public void Offer_OfNoChunk_IsTheCallersError()
    {
        using RandomXDataset dataset = Engine.AllocateDataset(PagePreference.Normal);
        ChunkIntake intake = new(Hash256.Zero, dataset, new ChunkQueue(Items), new ChunkCheck(dataset, _cache, _ => { }), TimeProvider.System);
        using ChunkSource source = intake.Open(() => { });
        Assert.That(() => source.Offer(12, new byte[ChunkBytes]), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(source.Offer(11, new byte[1]), Is.EqualTo(ChunkVerdict.Late));
        Assert.That(source.TryTake(1, out int chunk, out int _), Is.True);
        Assert.That(source.Offer(chunk, new byte[1]), Is.EqualTo(ChunkVerdict.Wrong));
    }

    [Test]
    public void ScatteredItems_AreThoseOfARun_WithBothEngines()
    {
        int[] numbers = [5, 0, 16_384, 77, 77, 1, .. Enumerable.Range(0, 40).Select(i => i * 321)];
        IRandomXEngine managed = new ManagedEngine();
        foreach (IRandomXEngine engine in new[] { Engine, managed })
        {
            using IRandomXCache cache = engine.CreateCache(_cache.Key, PagePreference.Auto);
            using RandomXDataset dataset = engine.AllocateDataset(PagePreference.Normal);
            byte[] computed = new byte[numbers.Length * RandomXLibrary.DatasetItemSize];
            cache.ComputeItems(numbers, computed, dataset);
            byte[] expected = new byte[RandomXLibrary.DatasetItemSize];
            for (int i = 0; i < numbers.Length; i++)
            {
                _truth.CopyItems(numbers[i], expected);
                Assert.That(computed.Skip(i * expected.Length).Take(expected.Length), Is.EqualTo(expected), $"{engine.Name}: item {numbers[i]}");
            }
        }
    }

    [Test]
    public void HeldDataset_GivesItsChunksAndOutlivesItsOwner()
    {
        using HeldDataset held = new(_truth, Items);
        Assert.That(held.Chunks, Is.EqualTo(12));
        Assert.That(held.Chunk(11).Span.SequenceEqual(Truth(11)), Is.True);
        Assert.That(held.Chunk(3).Span.SequenceEqual(Truth(3)), Is.True);
        Assert.That(() => held.Chunk(12), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(_truth.Freed.IsCompleted, Is.False);
    }

    private async Task<RandomXDataset> FillAsync(IChunkSupplier? supplier, Action<int>? remote = null)
    {
        RandomXDataset dataset = Engine.AllocateDataset(PagePreference.Normal);
        int brought = await _builder.FillAsync(dataset, _cache, Items, lowPriority: false, supplier, progress: null, CancellationToken.None);
        remote?.Invoke(brought);
        return dataset;
    }

    private byte[] Truth(int chunk)
    {
        byte[] bytes = new byte[Math.Min(DatasetWorkers.ChunkItems, Items - ChunkQueue.FirstItem(chunk)) * RandomXLibrary.DatasetItemSize];
        _truth.CopyItems(ChunkQueue.FirstItem(chunk), bytes);
        return bytes;
    }

    private void AssertTrue(RandomXDataset dataset)
    {
        byte[] bytes = new byte[ChunkBytes];
        for (int chunk = 0; chunk < 12; chunk++)
        {
            byte[] expected = Truth(chunk);
            dataset.CopyItems(ChunkQueue.FirstItem(chunk), bytes.AsSpan(0, expected.Length));
            Assert.That(bytes.AsSpan(0, expected.Length).SequenceEqual(expected), Is.True, $"chunk {chunk}");
        }
    }

    private static void FlipOneIn(Span<byte> bytes, int every)
    {
        for (int item = 0; item < bytes.Length / RandomXLibrary.DatasetItemSize; item += every)
            bytes[item * RandomXLibrary.DatasetItemSize] ^= 1;
    }
}

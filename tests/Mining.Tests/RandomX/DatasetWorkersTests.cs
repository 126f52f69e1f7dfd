using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX;

[TestFixture]
public sealed class DatasetWorkersTests
{
    private const int Chunk = DatasetWorkers.ChunkItems;

    [Test]
    public async Task EveryItem_IsWorkedOnOnce(
        [Values(1, Chunk - 1, Chunk, Chunk + 1, 7 * Chunk + 5)] int items, [Values(1, 3)] int threads)
    {
        var seen = new int[items];
        var last = new DatasetProgress();
        await Workers(threads).RunAsync(
            items,
            (first, count) =>
            {
                for (int i = first; i < first + count; i++)
                    Interlocked.Increment(ref seen[i]);
            },
            progress => last = progress,
            CancellationToken.None);
        Assert.That(seen, Is.All.EqualTo(1));
        Assert.That(last.ItemsDone, Is.EqualTo(items));
        Assert.That(last.Fraction, Is.EqualTo(1));
    }

    [Test]
    public void Cancellation_EndsWithinTheChunksInHand()
    {
        using var stop = new CancellationTokenSource();
        int chunks = 0;
        Task running = Workers(2).RunAsync(
            1000 * Chunk,
            (_, _) =>
            {
                int chunk = Interlocked.Increment(ref chunks);
                if (chunk == 5)
                    stop.Cancel();
                if (chunk > 5)
                    stop.Token.WaitHandle.WaitOne();
            },
            progress: null,
            stop.Token);
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(chunks, Is.InRange(5, 6), "the other thread may have one more chunk in hand");
    }

    [Test]
    public void FirstException_StopsAllThreads()
    {
        int chunks = 0;
        Thread? failing = null;
        using var isFailing = new ManualResetEventSlim();
        Task running = Workers(2).RunAsync(
            1000 * Chunk,
            (_, _) =>
            {
                if (Interlocked.Increment(ref chunks) == 1)
                {
                    failing = Thread.CurrentThread;
                    isFailing.Set();
                    throw new IOException("disk gone");
                }

                // The others may know of it when the thread that failed has ended.
                isFailing.Wait();
                failing!.Join();
            },
            progress: null,
            CancellationToken.None);
        Assert.That(async () => await running, Throws.InstanceOf<IOException>().With.Message.EqualTo("disk gone"));
        Assert.That(chunks, Is.InRange(1, 2), "the other thread may have one more chunk in hand");
    }

    [Test]
    public void Progress_TellsRateAndRemainingTime()
    {
        DatasetProgress half = DatasetProgress.At(500, 1000, TimeSpan.FromSeconds(5));
        Assert.That(half.Fraction, Is.EqualTo(0.5));
        Assert.That(half.ItemsPerSecond, Is.EqualTo(100));
        Assert.That(half.Eta, Is.EqualTo(TimeSpan.FromSeconds(5)));
        Assert.That(DatasetProgress.At(0, 1000, TimeSpan.Zero).Eta, Is.Null);
    }

    [Test]
    public async Task Builder_FillsAndCopies_AsTheLibraryDoesItemByItem()
    {
        const int Items = 3 * Chunk / 2;
        using RandomXCache cache = RandomXCache.Create("builder of a dataset in 32 bytes"u8, RandomXCpu.SupportedFlags, PagePreference.Auto);
        var builder = new DatasetBuilder(2, [new NumaNodeCpus(0, [0]), new NumaNodeCpus(1, [])], TimeProvider.System);
        using RandomXDataset built = await builder.AllocateAsync(new NativeEngine(), 0, PagePreference.Auto);
        using RandomXDataset copy = await builder.AllocateAsync(new NativeEngine(), 1, PagePreference.Auto);
        await builder.FillAsync(built, cache, Items, lowPriority: true, supplier: null, progress: null, CancellationToken.None);
        await builder.CopyAsync(built, copy, 1, Items, CancellationToken.None);
        using RandomXDataset single = RandomXDataset.Allocate(PagePreference.Normal);
        var expected = new byte[RandomXLibrary.DatasetItemSize];
        var actual = new byte[RandomXLibrary.DatasetItemSize];
        foreach (int item in (int[])[0, 1, Chunk - 1, Chunk, Chunk + 1, Items - 1])
        {
            single.InitItems(cache, item, 1);
            single.CopyItems(item, expected);
            foreach (RandomXDataset dataset in (RandomXDataset[])[built, copy])
            {
                dataset.CopyItems(item, actual);
                Assert.That(actual, Is.EqualTo(expected), $"item {item}");
            }
        }
    }

    private static DatasetWorkers Workers(int threads) => new(threads, [], lowPriority: false, TimeProvider.System);
}

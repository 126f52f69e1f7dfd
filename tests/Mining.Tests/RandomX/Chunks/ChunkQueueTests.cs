using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;

namespace P2PMiner.Mining.Tests.RandomX.Chunks;

[TestFixture]
public sealed class ChunkQueueTests
{
    private const int Chunk = DatasetWorkers.ChunkItems;

    [Test]
    public void Threads_TakeFromTheFront_SourcesRunsFromTheBack()
    {
        ChunkQueue queue = new(10 * Chunk);
        int source = queue.AddSource();
        Assert.That(Local(queue), Is.Zero);
        Assert.That(Remote(queue, source, 4), Is.EqualTo((6, 4)));
        Assert.That(Local(queue), Is.EqualTo(1));
        Assert.That(queue.FreeChunks, Is.EqualTo(4));
        Assert.That(Remote(queue, queue.AddSource(), 8), Is.EqualTo((2, 4)));
        Assert.That(Remote(queue, queue.AddSource(), 8), Is.EqualTo((-1, 0)));
    }

    [Test]
    public void LastChunk_MayBeShorter()
    {
        ChunkQueue queue = new(2 * Chunk - 1);
        Assert.That(queue.Chunks, Is.EqualTo(2));
        Assert.That(queue.ItemCount(1), Is.EqualTo(Chunk - 1));
        queue.FinishLocal(Local(queue));
        queue.FinishLocal(Local(queue));
        Assert.That(queue.IsDone, Is.True);
        Assert.That(queue.DoneItems, Is.EqualTo(2 * Chunk - 1));
    }

    [Test]
    public void LostSource_LosesNothingButWhatItHeld()
    {
        ChunkQueue queue = new(6 * Chunk);
        int source = queue.AddSource();
        Remote(queue, source, 3);
        Bring(queue, source, 3);
        queue.Return(source);
        Assert.That(queue.FreeChunks, Is.EqualTo(5));
        Assert.That(queue.RemoteItems, Is.EqualTo(Chunk));
        Assert.That(queue.TryBeginCheck(source, 4), Is.False, "what was given back is not taken any more");
        Assert.That(Remote(queue, queue.AddSource(), 9), Is.EqualTo((4, 2)), "a run ends at what is done");
    }

    [Test]
    public void Liar_LosesAllThatItBrought_AndGetsNoMore()
    {
        ChunkQueue queue = new(6 * Chunk);
        int honest = queue.AddSource();
        int liar = queue.AddSource();
        Remote(queue, honest, 2);
        Remote(queue, liar, 3);
        Bring(queue, honest, 4);
        Bring(queue, liar, 1);
        Assert.That(queue.TryBeginCheck(liar, 2), Is.True);
        queue.Revoke(liar);
        Assert.That(queue.RemoteItems, Is.EqualTo(Chunk));
        Assert.That(queue.DoneItems, Is.EqualTo(Chunk));
        Assert.That(queue.DoneBy(liar), Is.Empty);
        Assert.That(queue.DoneBy(honest), Is.EqualTo(new[] { 4 }));
        Assert.That(queue.FreeChunks, Is.EqualTo(3), "what is being checked is written, so that nobody else may have it yet");
        Assert.That(queue.EndCheck(liar, 2), Is.False);
        Assert.That(queue.FreeChunks, Is.EqualTo(4));
        Assert.That(queue.DoneItems, Is.EqualTo(Chunk));
        Assert.That(Remote(queue, liar, 1), Is.EqualTo((-1, 0)));
    }

    [Test]
    public void Finish_TakesOverWhatWouldComeLast()
    {
        ChunkQueue queue = new(6 * Chunk);
        int fast = queue.AddSource();
        int slow = queue.AddSource();
        Remote(queue, fast, 3);
        Remote(queue, slow, 2);
        queue.SetRate(fast, 30);
        queue.SetRate(slow, 5);
        Assert.That(Local(queue), Is.Zero);
        Assert.That(Local(queue), Is.EqualTo(2), "two of the slow one take 0.4 s, three of the fast one 0.1 s");
        Assert.That(Local(queue), Is.EqualTo(1));
        Assert.That(Local(queue), Is.EqualTo(5));
        Assert.That(queue.TryBeginCheck(slow, 2), Is.False, "late");
        Bring(queue, fast, 3);
        queue.FinishLocal(2);
        Assert.That(queue.RemoteItems, Is.EqualTo(Chunk));
    }

    [Test]
    public void ChunkUnderCheck_IsNotTakenOver()
    {
        ChunkQueue queue = new(2 * Chunk);
        int source = queue.AddSource();
        Remote(queue, source, 1);
        Assert.That(Local(queue), Is.Zero);
        Assert.That(queue.TryBeginCheck(source, 1), Is.True);
        using CancellationTokenSource stop = new();
        Task<bool> waiting = Task.Run(() => queue.TryTakeLocal(stop.Token, out _));
        queue.FinishLocal(0);
        queue.EndCheck(source, 1);
        Assert.That(async () => await waiting.WaitAsync(TimeSpan.FromMinutes(1)), Is.False, "all is done");
    }

    [Test]
    public void ChunkThatCannotBeRead_IsHadAgain_AndTheOthersOfItsSourceStay()
    {
        ChunkQueue queue = new(2 * Chunk);
        int source = queue.AddSource();
        Remote(queue, source, 2);
        Bring(queue, source, 0);
        Assert.That(queue.TryBeginCheck(source, 1), Is.True);
        Assert.That(queue.EndCheck(source, 1, isRight: false), Is.False);
        Assert.That(queue.RemoteItems, Is.EqualTo(Chunk));
        Assert.That(Local(queue), Is.EqualTo(1));
    }

    [Test]
    public async Task WaitingThread_GetsWhatComesBack()
    {
        ChunkQueue queue = new(Chunk);
        int source = queue.AddSource();
        Remote(queue, source, 1);
        Assert.That(queue.TryBeginCheck(source, 0), Is.True);
        Task<int> waiting = Task.Run(() => Local(queue));
        queue.Revoke(source);
        Assert.That(queue.EndCheck(source, 0), Is.False);
        Assert.That(await waiting.WaitAsync(TimeSpan.FromMinutes(1)), Is.Zero);
    }

    [Test]
    public void RestingThread_GoesOnWithTheLastChunk()
    {
        ChunkQueue queue = new(Chunk);
        Assert.That(queue.Rest(TimeSpan.Zero), Is.True, "nothing is done yet");
        Task<bool> resting = Task.Run(() => queue.Rest(TimeSpan.FromHours(1)));
        Assert.That(Local(queue), Is.Zero);
        queue.FinishLocal(0);
        Assert.That(async () => await resting.WaitAsync(TimeSpan.FromMinutes(1)), Is.False);
    }

    [Test]
    public void AnyOrderOfEvents_EndsWithEveryChunkDoneOnce([Range(1, 20)] int seed)
    {
        Random random = new(seed);
        ChunkQueue queue = new(50 * Chunk - 7);
        List<int> sources = [];
        List<int> local = [];
        HashSet<(int Source, int Chunk)> fetched = [];
        for (int step = 0; !queue.IsDone; step++)
        {
            Assert.That(step, Is.LessThan(100_000));
            int source = sources.Count == 0 ? 0 : sources[random.Next(sources.Count)];
            switch (random.Next(8))
            {
                case 0 when sources.Count < 10:
                    sources.Add(queue.AddSource());
                    break;
                case 1 when source > 0:
                    queue.TryTakeRemote(source, 1 + random.Next(8), out int first, out int count);
                    fetched.UnionWith(Enumerable.Range(first, count).Select(chunk => (source, chunk)));
                    break;
                case 2 or 3 when fetched.Count > 0:
                    (int from, int next) = fetched.ElementAt(random.Next(fetched.Count));
                    fetched.Remove((from, next));
                    if (queue.TryBeginCheck(from, next))
                        queue.EndCheck(from, next);
                    break;
                case 4 when source > 0 && random.Next(4) == 0:
                    queue.Return(source);
                    break;
                case 5 when source > 0 && random.Next(20) == 0:
                    queue.Revoke(source);
                    Assert.That(queue.DoneBy(source), Is.Empty);
                    break;
                case 6 when local.Count > 0:
                    queue.FinishLocal(local[0]);
                    local.RemoveAt(0);
                    break;
                case 7 when queue.FreeChunks > 0:
                    local.Add(Local(queue));
                    break;
            }
        }
        Assert.That(queue.DoneItems, Is.EqualTo(50 * Chunk - 7));
        Assert.That(queue.RemoteItems, Is.EqualTo(sources.Sum(source => queue.DoneBy(source).Sum(queue.ItemCount))));
    }

    private static int Local(ChunkQueue queue)
    {
        Assert.That(queue.TryTakeLocal(CancellationToken.None, out int chunk), Is.True);
        return chunk;
    }

    private static (int First, int Count) Remote(ChunkQueue queue, int source, int most)
    {
        queue.TryTakeRemote(source, most, out int first, out int count);
        return (first, count);
    }

    private static void Bring(ChunkQueue queue, int source, int chunk)
    {
        Assert.That(queue.TryBeginCheck(source, chunk), Is.True);
        Assert.That(queue.EndCheck(source, chunk), Is.True);
    }
}

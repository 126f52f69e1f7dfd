using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Peers;

public sealed class WriterTurnsTests
{
    [Test]
    public async Task EveryFrame_IsTaken_WhoeverAddsAndHoweverMany()
    {
        const int Queues = 40, Rounds = 20, Frames = 25, Adders = 4;
        WriterTurns turns = new(threads: 3);
        PeerQueue[] queues = [.. Enumerable.Range(0, Queues).Select(_ => new PeerQueue(1 << 20, turns))];
        TaskCompletionSource all = new();
        int left = 0;
        Task<int>[] writers = [.. queues.Select(queue => TakeAllAsync(queue, Count))];

        for (int round = 0; round < Rounds; round++)
        {
            left = Queues * Frames * Adders;
            all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await Task.WhenAll(Enumerable.Range(0, Adders).Select(_ => Task.Run(() => AddToAll(queues, Frames)))).InTime();

            // Before the queues are closed, which wakes every writer once more, and in rounds, so that all threads come to their end.
            await all.Task.InTime();
        }
        foreach (PeerQueue queue in queues)
            queue.Close();
        Assert.That(await Task.WhenAll(writers).InTime(), Is.All.EqualTo(Rounds * Frames * Adders));

        void Count(int frames)
        {
            if (Interlocked.Add(ref left, -frames) == 0)
                all.SetResult();
        }
    }

    [Test]
    public async Task Frame_ThatComesWhileTheWriterGoesOn_WakesItAgain()
    {
        PeerQueue queue = new(100, new WriterTurns(threads: 1));
        TaskCompletionSource third = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int taken = 0;

        // Writers go on within the call that wakes them: what is added here comes before that call has returned.
        Task<int> writer = TakeAllAsync(queue, _ =>
        {
            if (++taken == 3)
                third.SetResult();
            else
                Assert.That(queue.TryAdd([1], Lane.Own), Is.True);
        }, takesOne: true);
        Assert.That(queue.TryAdd([1], Lane.Own), Is.True);

        await third.Task.InTime();
        queue.Close();
        Assert.That(await writer.InTime(), Is.EqualTo(3));
    }

    [Test]
    public async Task Writer_GoesOnByItself_WhenSomethingIsAdded()
    {
        PeerQueue queue = new(100, new WriterTurns(threads: 1));
        for (int i = 0; i < 3; i++)
        {
            Task<bool> waiting = queue.WaitAsync(default).AsTask();
            Assert.That(queue.TryAdd([1], Lane.Forwarded), Is.True);
            Assert.That(await waiting.InTime(), Is.True);
            Assert.That(queue.Take(10, out _).Length, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Wait_EndsWhenItIsCancelled_AndNothingIsLost()
    {
        PeerQueue queue = new(100, new WriterTurns(threads: 1));
        using CancellationTokenSource stop = new();
        Task<bool> waiting = queue.WaitAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        Assert.That(async () => await waiting.InTime(), Throws.InstanceOf<OperationCanceledException>());

        Assert.That(queue.TryAdd([1], Lane.Own), Is.True);
        Assert.That(await queue.WaitAsync(default).AsTask().InTime(), Is.True);
        Assert.That(queue.Take(10, out _).Length, Is.EqualTo(1));
    }

    private static void AddToAll(PeerQueue[] queues, int frames)
    {
        for (int frame = 0; frame < frames; frame++)
        {
            foreach (PeerQueue queue in queues)
                Assert.That(queue.TryAdd([1], Lane.Own), Is.True);
        }
    }

    /// <param name="queue">Whose frames are taken.</param>
    /// <param name="took">Is told how many after each time.</param>
    /// <param name="takesOne">Whether it waits again after each time, as a writer does that found nothing more a moment ago.</param>
    private static async Task<int> TakeAllAsync(PeerQueue queue, Action<int> took, bool takesOne = false)
    {
        int frames = 0;
        do
        {
            while (queue.Take(1, out _) is { IsEmpty: false } piece)
            {
                frames += piece.Length;
                took(piece.Length);
                if (takesOne)
                    break;
            }
        }
        while (await queue.WaitAsync(default).ConfigureAwait(false));
        return frames;
    }
}

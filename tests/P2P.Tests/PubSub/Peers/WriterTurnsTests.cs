using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Peers;

public sealed class WriterTurnsTests
{
    [Test]
    public async Task EveryFrame_IsTaken_WhoeverAddsAndHoweverMany()
    {
        const int Queues = 40, Frames = 500, Adders = 4;
        WriterTurns turns = new(threads: 3);
        PeerQueue[] queues = [.. Enumerable.Range(0, Queues).Select(_ => new PeerQueue(1 << 20, turns))];
        Task<int>[] writers = [.. queues.Select(TakeAllAsync)];

        await Task.WhenAll(Enumerable.Range(0, Adders).Select(_ => Task.Run(() =>
        {
            for (int frame = 0; frame < Frames; frame++)
            {
                foreach (PeerQueue queue in queues)
                    Assert.That(queue.TryAdd([1], Lane.Own), Is.True);
            }
        }))).InTime();
        foreach (PeerQueue queue in queues)
            queue.Close();

        Assert.That(await Task.WhenAll(writers).InTime(), Is.All.EqualTo(Frames * Adders));
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

    private static async Task<int> TakeAllAsync(PeerQueue queue)
    {
        int frames = 0;
        do
        {
            while (queue.Take(1, out _) is { IsEmpty: false } piece)
                frames += piece.Length;
        }
        while (await queue.WaitAsync(default).ConfigureAwait(false));
        return frames;
    }
}

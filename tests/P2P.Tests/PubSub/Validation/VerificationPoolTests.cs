using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Validation;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Validation;

public sealed class VerificationPoolTests
{
    private readonly Lock _lock = new();
    private readonly List<(PendingMessage Message, int Thread)> _judged = [];

    [SetUp]
    public void Clear() => _judged.Clear();

    [Test]
    public void MessagesOfOneRpc_AreJudgedByWhoReadsThem_WhenItAsksForThat()
    {
        VerificationPool pool = NewPool(workers: 1);
        ValidationLane lane = new(capacity: 100);
        PendingMessage[] messages = [NewMessage(), NewMessage(), NewMessage()];

        pool.BeginReading(lane);
        foreach (PendingMessage message in messages)
            pool.Add(lane, message);
        Assert.That(pool.EndReading(lane), Is.True);
        Assert.That(Judged, Is.Empty);
        pool.Execute();

        Assert.That(Judged.Select(judged => judged.Message), Is.EqualTo(messages));
        Assert.That(Judged.Select(judged => judged.Thread), Is.All.EqualTo(Environment.CurrentManagedThreadId));
        Assert.That(messages.Select(message => message.IsVerified), Is.All.True);
        Assert.That(lane.Count, Is.Zero);

        pool.BeginReading(lane);
        Assert.That(pool.EndReading(lane), Is.False, "nothing came");
    }

    [Test]
    public async Task Messages_ThatNobodyReads_AreJudgedOnThePool_AlsoAfterAReaderHasDoneSome()
    {
        VerificationPool pool = NewPool(workers: 1);
        ValidationLane read = new(capacity: 100), other = new(capacity: 100);
        pool.BeginReading(read);
        pool.Add(read, NewMessage());
        Assert.That(pool.EndReading(read), Is.True);

        // All workers are taken, so this one has to wait for the reader.
        pool.Add(other, NewMessage());
        pool.Execute();
        await Wait.UntilAsync(() => Judged.Count == 2, "both are judged");

        pool.Add(other, NewMessage());
        await Wait.UntilAsync(() => Judged.Count == 3, "the pool works again");
    }

    [Test]
    public async Task MessagesOfOneRpc_AreJudgedByTheOthers_WhileTheseAreAtWork()
    {
        using ManualResetEventSlim isAtWork = new(), mayEnd = new();
        VerificationPool pool = new(
            workers: 2,
            (_, batch) =>
            {
                isAtWork.Set();
                mayEnd.Wait();
                lock (_lock)
                    _judged.AddRange(batch.Messages.Select(message => (message, Environment.CurrentManagedThreadId)));
                return true;
            },
            error => Assert.Fail(error.ToString()));
        ValidationLane busy = new(capacity: 100), read = new(capacity: 100);
        pool.Add(busy, NewMessage());
        isAtWork.Wait();

        pool.BeginReading(read);
        pool.Add(read, NewMessage());
        Assert.That(pool.EndReading(read), Is.False);
        mayEnd.Set();

        await Wait.UntilAsync(() => Judged.Count == 2, "both are judged");
    }

    [Test]
    public async Task ManyMessagesOfOneRpc_AreSharedWithThePool()
    {
        const int Count = 100;
        VerificationPool pool = NewPool(workers: 2);
        ValidationLane lane = new(capacity: 1000);
        pool.BeginReading(lane);
        for (int i = 0; i < Count; i++)
            pool.Add(lane, NewMessage());
        Assert.That(pool.EndReading(lane), Is.True);

        // The second worker does all of it, whatever becomes of the first.
        await Wait.UntilAsync(() => Judged.Count == Count, "all are judged");
        pool.Execute();
    }

    private List<(PendingMessage Message, int Thread)> Judged
    {
        get
        {
            lock (_lock)
                return [.. _judged];
        }
    }

    private VerificationPool NewPool(int workers) => new(
        workers,
        (_, batch) =>
        {
            lock (_lock)
                _judged.AddRange(batch.Messages.Select(message => (message, Environment.CurrentManagedThreadId)));
            return true;
        },
        error => Assert.Fail(error.ToString()));

    private static PendingMessage NewMessage() => new(new GossipMessage([], new MessageEntry(), [1]), null!, null!);
}

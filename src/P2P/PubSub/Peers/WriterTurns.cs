namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>
/// Lets the writers of all peers that something was queued for go on, one after the other on one thread of the pool: a message goes to
/// many peers at once, and waking a thread for each costs more than sending it. Where many wait, several threads share them.
/// </summary>
/// <param name="threads">Most threads.</param>
internal sealed class WriterTurns(int threads) : IThreadPoolWorkItem
{
    /// <summary>Queues that are worth one more thread.</summary>
    private const int Share = 16;

    private readonly Lock _lock = new();
    private readonly Queue<PeerQueue> _waiting = new();
    private int _running;

    /// <summary>Each queue stands here once at most, so that there are no more than peers. Returns at once.</summary>
    internal void Add(PeerQueue queue)
    {
        lock (_lock)
        {
            _waiting.Enqueue(queue);
            if (_running == threads || _running * Share >= _waiting.Count)
                return;
            _running++;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Execute()
    {
        while (Next() is { } queue)
            queue.WakeWriter();
    }

    private PeerQueue? Next()
    {
        lock (_lock)
        {
            if (_waiting.TryDequeue(out PeerQueue? queue))
                return queue;
            _running--;
            return null;
        }
    }
}

namespace P2PMiner.P2P.PubSub.Validation;

/// <summary>
/// Verifies signatures on as many threads as there are processors, a few messages of each peer in turn, so that whoever sends most
/// does not delay the others. A worker gives its thread back after every batch. Where nothing else is to do,
/// the thread that reads a message verifies it.
/// </summary>
/// <param name="workers">Most batches at once.</param>
/// <param name="commit">
/// Judges a verified batch, lane by lane in order and outside of all locks; returns false if it must be called again after <see cref="Resume"/>.
/// </param>
/// <param name="fail">Told of what must not happen.</param>
internal sealed class VerificationPool(
    int workers, Func<ValidationLane, ValidationLane.Batch, bool> commit, Action<Exception> fail) : IThreadPoolWorkItem
{
    /// <summary>Half a millisecond of Ed25519: short enough to share the threads, long enough to be worth the locks.</summary>
    private const int BatchSize = 8;

    private readonly Lock _lock = new();
    private readonly Queue<ValidationLane> _ring = new();
    private int _running;

    internal void Add(ValidationLane lane, PendingMessage message)
    {
        lock (_lock)
        {
            lane.Waiting.Enqueue(message);
            lane.Count++;
            if (!lane.IsInRing)
            {
                lane.IsInRing = true;
                _ring.Enqueue(lane);
            }
            if (_running == workers || (lane.IsReading && lane is { IsDeferred: true, Waiting.Count: < BatchSize }))
                return;
            if (_running++ == 0 && lane.IsReading)
            {
                lane.IsDeferred = true;
                return;
            }
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>
    /// From here to <see cref="EndReading"/>, one RPC of the lane's peer is processed: the thread that does that can verify its messages
    /// itself, which is sooner than waking another, unless one is at work.
    /// </summary>
    internal void BeginReading(ValidationLane lane)
    {
        lock (_lock)
            lane.IsReading = true;
    }

    /// <returns>True if the caller is to call <see cref="Execute"/>, when it holds no locks.</returns>
    internal bool EndReading(ValidationLane lane)
    {
        lock (_lock)
        {
            bool isDeferred = lane.IsDeferred;
            lane.IsReading = lane.IsDeferred = false;
            return isDeferred;
        }
    }

    /// <summary>Completes when the lane has room for more.</summary>
    internal Task WhenRoom(ValidationLane lane)
    {
        lock (_lock)
            return lane.WhenRoom();
    }

    /// <summary>Lets what waits in a lane go by unverified.</summary>
    internal void Discard(ValidationLane lane)
    {
        lock (_lock)
            lane.IsDiscarded = true;
    }

    /// <summary>Goes on with a lane whose batch could not be judged to the end.</summary>
    internal void Resume(ValidationLane lane)
    {
        lock (_lock)
        {
            lane.IsResumed = !lane.IsPaused;
            if (lane.IsResumed)
                return;
            lane.IsPaused = false;
            lane.IsCommitting = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(static work => work.Pool.CommitAll(work.Lane), (Pool: this, Lane: lane), preferLocal: false);
    }

    /// <summary>Claims nothing more.</summary>
    internal void Stop()
    {
        lock (_lock)
            _ring.Clear();
    }

    public void Execute()
    {
        if (Claim(out ValidationLane? lane) is not { } batch)
            return;
        foreach (PendingMessage message in batch.Messages)
        {
            if (!lane!.IsDiscarded)
                message.Verify();
        }
        if (Finish(lane!, batch))
            CommitAll(lane!);
        if (!TryRest())
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <returns>False if something waits.</returns>
    private bool TryRest()
    {
        lock (_lock)
        {
            if (_ring.Count > 0)
                return false;
            _running--;
            return true;
        }
    }

    private ValidationLane.Batch? Claim(out ValidationLane? lane)
    {
        lock (_lock)
        {
            if (!_ring.TryDequeue(out lane))
            {
                _running--;
                return null;
            }
            PendingMessage[] messages = new PendingMessage[Math.Min(BatchSize, lane.Waiting.Count)];
            for (int i = 0; i < messages.Length; i++)
                messages[i] = lane.Waiting.Dequeue();
            lane.IsInRing = lane.Waiting.Count > 0;
            if (lane.IsInRing)
                _ring.Enqueue(lane);
            ValidationLane.Batch batch = new(messages);
            lane.Claimed.Enqueue(batch);
            return batch;
        }
    }

    /// <returns>True if this worker is to judge what is ready in the lane.</returns>
    private bool Finish(ValidationLane lane, ValidationLane.Batch batch)
    {
        lock (_lock)
        {
            batch.IsVerified = true;
            if (lane.IsCommitting || lane.IsPaused || !lane.Claimed.Peek().IsVerified)
                return false;
            lane.IsCommitting = true;
            return true;
        }
    }

    private void CommitAll(ValidationLane lane)
    {
        try
        {
            while (NextToCommit(lane) is { } batch)
                Committed(lane, batch, commit(lane, batch));
        }
        catch (Exception e)
        {
            fail(e);
        }
    }

    private ValidationLane.Batch? NextToCommit(ValidationLane lane)
    {
        lock (_lock)
        {
            if (!lane.IsPaused && lane.Claimed.TryPeek(out ValidationLane.Batch? batch) && batch.IsVerified)
                return batch;
            lane.IsCommitting = false;
            return null;
        }
    }

    private void Committed(ValidationLane lane, ValidationLane.Batch batch, bool toTheEnd)
    {
        lock (_lock)
        {
            if (toTheEnd)
            {
                lane.Claimed.Dequeue();
                lane.Release(batch.Messages.Length);
                return;
            }
            lane.IsPaused = !lane.IsResumed;
            lane.IsResumed = false;
        }
    }
}

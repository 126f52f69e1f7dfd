namespace P2PMiner.P2P.PubSub.Validation;

/// <summary>
/// The messages of one peer on their way to a verdict. They are verified side by side but judged in the order in which they came, so that
/// sequence numbers arrive at others in order. Everything here belongs to the <see cref="VerificationPool"/>.
/// </summary>
internal sealed class ValidationLane(int capacity)
{
    private TaskCompletionSource? _room;

    /// <summary>Not yet given to a worker.</summary>
    internal Queue<PendingMessage> Waiting { get; } = new();

    /// <summary>With a worker or waiting for the batch before to be judged, in order.</summary>
    internal Queue<Batch> Claimed { get; } = new();

    internal int Count { get; set; }

    /// <summary>True while the lane stands in the ring of those that have something waiting.</summary>
    internal bool IsInRing { get; set; }

    /// <summary>True while an RPC of its peer is processed.</summary>
    internal bool IsReading { get; set; }

    /// <summary>True if the thread that does that is to be the worker for what comes with it.</summary>
    internal bool IsDeferred { get; set; }

    /// <summary>True while a worker judges its messages: one at a time.</summary>
    internal bool IsCommitting { get; set; }

    /// <summary>True while it waits for validators to finish.</summary>
    internal bool IsPaused { get; set; }

    /// <summary>True if what it would wait for has happened before it began to.</summary>
    internal bool IsResumed { get; set; }

    /// <summary>True when its peer was cut off: nothing of it is worth verifying.</summary>
    internal bool IsDiscarded { get; set; }

    /// <summary>Validators that run for it; belongs to <see cref="ValidatorSlots"/>.</summary>
    internal int Validating { get; set; }

    /// <summary>True while it waits for a place for a validator; belongs to <see cref="ValidatorSlots"/>.</summary>
    internal bool IsStarved { get; set; }

    internal bool IsFull => Count >= capacity;

    /// <summary>Completes when there is room for more.</summary>
    internal Task WhenRoom()
    {
        if (!IsFull)
            return Task.CompletedTask;
        _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _room.Task;
    }

    internal void Release(int count)
    {
        Count -= count;
        if (Count > capacity / 2 || _room is null)
            return;
        _room.SetResult();
        _room = null;
    }

    /// <summary>Messages that one worker verifies at a time.</summary>
    internal sealed class Batch(PendingMessage[] messages)
    {
        internal PendingMessage[] Messages { get; } = messages;

        internal bool IsVerified { get; set; }

        /// <summary>True when signatures were judged; what remains is validators and delivery.</summary>
        internal bool IsAdmitted { get; set; }

        /// <summary>The first message that is not yet delivered.</summary>
        internal int Next { get; set; }
    }
}

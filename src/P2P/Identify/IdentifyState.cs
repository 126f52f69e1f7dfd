using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.P2P.Identify;

/// <summary>How far identification on one connection has come.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "a semaphore whose wait handle is never asked for holds nothing to dispose of")]
internal sealed class IdentifyState
{
    /// <summary>Pushes that a remote may send at once after a pause.</summary>
    internal const int MaxPushes = 20;

    /// <summary>And then one per interval. Js-libp2p waits 1 s between its pushes.</summary>
    internal static readonly TimeSpan PushInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Set when the first identification has ended, well or not.</summary>
    internal readonly TaskCompletionSource First = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Held while what the remote said is taken over, so that events are in the order of the messages.</summary>
    internal readonly SemaphoreSlim Turn = new(1);

    private readonly Lock _lock = new();
    private long _sent = -1;
    private double _pushes = MaxPushes;
    private long _refilled;

    /// <summary>The version of our description that the remote has; -1 if none.</summary>
    internal long SentVersion => Interlocked.Read(ref _sent);

    /// <summary>Takes one of the pushes that a remote has to spare: each costs us a verification, and says what the last one could have said.</summary>
    internal bool TryTakePush(TimeProvider time)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            double earned = _refilled == 0 ? 0 : time.GetElapsedTime(_refilled, now) / PushInterval;
            _pushes = Math.Min(MaxPushes, _pushes + earned);
            _refilled = now;
            if (_pushes < 1)
                return false;
            _pushes--;
            return true;
        }
    }

    internal void Sent(long version)
    {
        long old = SentVersion;
        while (version > old)
        {
            long seen = Interlocked.CompareExchange(ref _sent, version, old);
            if (seen == old)
                return;
            old = seen;
        }
    }
}

using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.P2P.Identify;

/// <summary>How far identification on one connection has come.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "a semaphore whose wait handle is never asked for holds nothing to dispose of")]
internal sealed class IdentifyState
{
    /// <summary>Set when the first identification has ended, well or not.</summary>
    internal readonly TaskCompletionSource First = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Held while what the remote said is taken over, so that events are in the order of the messages.</summary>
    internal readonly SemaphoreSlim Turn = new(1);

    private long _sent = -1;

    /// <summary>The version of our description that the remote has; -1 if none.</summary>
    internal long SentVersion => Interlocked.Read(ref _sent);

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

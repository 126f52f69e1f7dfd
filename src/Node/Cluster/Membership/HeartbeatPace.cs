using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Membership;

/// <summary>
/// When this node is to let hear from itself: at intervals, and as soon as somebody new listens, so that both know each other at once.
/// While nobody new can be there it need not be looked at in between. Not thread-safe but for <see cref="Connected"/>.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class HeartbeatPace(TimeProvider time)
{
    /// <summary>How often it is looked for new listeners while some are expected.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>How long somebody who has just connected is expected to listen; after that the next heartbeat has to do.</summary>
    public static readonly TimeSpan Expectation = TimeSpan.FromSeconds(10);

    private long _connected = time.GetTimestamp();
    private long? _sent;
    private HashSet<PeerId> _greeted = [];

    /// <summary>Takes note that somebody has connected, who may listen soon.</summary>
    public void Connected() => Interlocked.Exchange(ref _connected, time.GetTimestamp());

    /// <summary>True if a heartbeat is to be sent now.</summary>
    /// <param name="listeners">Who would get it.</param>
    public bool Take(IReadOnlyCollection<PeerId> listeners)
    {
        if (Left > TimeSpan.Zero && _greeted.IsSupersetOf(listeners))
            return false;
        _greeted = [.. listeners];
        _sent = time.GetTimestamp();
        return true;
    }

    /// <summary>How long nothing has to be looked at, unless somebody connects.</summary>
    public TimeSpan Pause
    {
        get
        {
            bool isExpecting = time.GetElapsedTime(Interlocked.Read(ref _connected)) < Expectation;
            return isExpecting && Look < Left ? Look : Left;
        }
    }

    private TimeSpan Left
    {
        get
        {
            TimeSpan left = _sent is long sent ? MemberView.Interval - time.GetElapsedTime(sent) : TimeSpan.Zero;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }
}

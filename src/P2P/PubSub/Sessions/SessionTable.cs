using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Routing;

namespace P2PMiner.P2P.PubSub.Sessions;

/// <summary>One session for each peer with pubsub streams; ends and begins them together with the router's knowledge of the peer.</summary>
internal sealed class SessionTable(GossipRouter router, TimeProvider time)
{
    /// <summary>A session that lasted so long is no failed attempt.</summary>
    private static readonly TimeSpan Success = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, PeerSession> _sessions = [];
    private readonly RetryTable _retries = new(time);
    private bool _stopped;

    internal int RetryCount
    {
        get
        {
            lock (_lock)
                return _retries.Count;
        }
    }

    internal PeerSession[] All
    {
        get
        {
            lock (_lock)
                return [.. _sessions.Values];
        }
    }

    /// <summary>The session of the connection's peer, or a new one in place of one whose connection is gone; null after the end of all.</summary>
    internal PeerSession? GetOrAdd(IPeerConnection connection)
    {
        PeerSession? session = Find(connection.RemotePeer);
        if (session is not null && session.Connection.Closed.IsCancellationRequested)
            End(session, mayRetry: false);
        lock (_lock)
        {
            if (_stopped)
                return null;
            if (!_sessions.TryGetValue(connection.RemotePeer, out session))
            {
                session = new PeerSession(router.Add(connection), time.Monotonic());
                _sessions.Add(connection.RemotePeer, session);
            }
        }
        if (!session.Connection.Closed.IsCancellationRequested)
            return session;
        End(session, mayRetry: false);
        return null;
    }

    internal PeerSession? Find(PeerId peer)
    {
        lock (_lock)
            return _sessions.GetValueOrDefault(peer);
    }

    /// <summary>
    /// Makes this the stream that the peer writes to, unless one on the preferred connection is that already, which came before it only
    /// because connections are not in step.
    /// </summary>
    /// <returns>Which of the two is given up, if there are two.</returns>
    internal InboundStream? Attach(PeerSession session, InboundStream stream, IPeerConnection preferred)
    {
        lock (_lock)
        {
            InboundStream? former = session.Inbound;
            if (former is not null && former.Stream.Connection == preferred && stream.Stream.Connection != preferred)
                return stream;
            session.Inbound = stream;
            session.Peer.HasInbound = true;
            return former;
        }
    }

    /// <summary>False if another stream has taken its place.</summary>
    internal bool IsAttached(PeerSession session, InboundStream stream)
    {
        lock (_lock)
            return session.Inbound == stream;
    }

    /// <summary>True once, for whoever is to open our stream.</summary>
    internal bool TakeOutbound(PeerSession session)
    {
        lock (_lock)
        {
            bool taken = !session.HasOutbound;
            session.HasOutbound = true;
            return taken;
        }
    }

    /// <returns>False if it had ended before.</returns>
    internal bool End(PeerSession session, bool mayRetry)
    {
        lock (_lock)
        {
            if (session.IsEnded)
                return false;
            session.IsEnded = true;
            _sessions.Remove(session.Peer.Id);
            router.Remove(session.Peer);
            if (mayRetry && !_stopped)
                Retry(session);
        }
        session.Cancel();
        session.Inbound?.Stream.Reset();
        return true;
    }

    internal void Stop()
    {
        lock (_lock)
            _stopped = true;
    }

    internal List<PeerId> TakeDueRetries()
    {
        lock (_lock)
            return _retries.TakeDue();
    }

    internal void ForgetRetries(PeerId peer)
    {
        lock (_lock)
            _retries.Forget(peer);
    }

    private void Retry(PeerSession session)
    {
        if (time.Monotonic() - session.Began > Success)
            _retries.Forget(session.Peer.Id);
        _retries.Add(session.Peer.Id);
    }
}

using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>The usable connections by peer, what they share, and what each peer is worth. Bounded by who asks <see cref="Admission"/> first.</summary>
/// <param name="local">Ourselves.</param>
/// <param name="newShare">Makes what the connections of a peer share, with its first one.</param>
internal sealed class ConnectionTable(PeerId local, Func<PeerShare> newShare)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, PeerEntry> _peers = [];
    private IPeerConnection[]? _snapshot;
    private int _inbound;

    /// <summary>All connections: the same array until one comes or goes.</summary>
    internal IReadOnlyList<IPeerConnection> All
    {
        get
        {
            lock (_lock)
                return _snapshot ??= [.. _peers.Values.SelectMany(static peer => peer.Connections)];
        }
    }

    internal int Count
    {
        get
        {
            lock (_lock)
                return _peers.Values.Sum(static peer => peer.Connections.Count);
        }
    }

    internal int InboundCount
    {
        get
        {
            lock (_lock)
                return _inbound;
        }
    }

    /// <returns>True if it is the peer's first.</returns>
    internal bool Add(Connection connection)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(connection.RemotePeer, out PeerEntry? peer))
                _peers[connection.RemotePeer] = peer = new PeerEntry(newShare());
            connection.Join(peer.Share);
            peer.Connections.Add(connection);
            peer.Choose(local);
            _inbound += connection.Direction == Direction.Inbound ? 1 : 0;
            _snapshot = null;
            return peer.Connections.Count == 1;
        }
    }

    /// <returns>Whether it was there, and whether it was the peer's last.</returns>
    internal (bool Removed, bool WasLast) Remove(Connection connection)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(connection.RemotePeer, out PeerEntry? peer) || !peer.Connections.Remove(connection))
                return (false, false);
            _inbound -= connection.Direction == Direction.Inbound ? 1 : 0;
            _snapshot = null;
            if (peer.Connections.Count == 0)
                return (_peers.Remove(connection.RemotePeer), true);
            peer.Choose(local);
            return (true, false);
        }
    }

    /// <summary>The connection to use for a peer, or null.</summary>
    internal Connection? Find(PeerId peer)
    {
        lock (_lock)
            return _peers.TryGetValue(peer, out PeerEntry? entry) ? entry.Preferred : null;
    }

    internal Connection[] Of(PeerId peer)
    {
        lock (_lock)
            return _peers.TryGetValue(peer, out PeerEntry? entry) ? [.. entry.Connections] : [];
    }

    /// <summary>The connections beside the preferred one of their peer.</summary>
    internal Connection[] Surplus()
    {
        lock (_lock)
        {
            return [.. _peers.Values
                .Where(static peer => peer.Connections.Count > 1)
                .SelectMany(static peer => peer.Connections.Where(connection => connection != peer.Preferred))];
        }
    }

    internal TrimCandidate[] Candidates()
    {
        lock (_lock)
        {
            return [.. _peers.Values.SelectMany(static peer => peer.Connections
                .Select(connection => new TrimCandidate(connection, peer.Value, connection != peer.Preferred)))];
        }
    }

    /// <summary>Values of peers that are not connected are not kept.</summary>
    internal void SetValue(PeerId peer, string tag, int value)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(peer, out PeerEntry? entry))
                return;
            if (value == 0)
                entry.Tags.Remove(tag);
            else
                entry.Tags[tag] = value;
        }
    }

    internal int ValueOf(PeerId peer)
    {
        lock (_lock)
            return _peers.TryGetValue(peer, out PeerEntry? entry) ? entry.Value : 0;
    }

    private sealed class PeerEntry(PeerShare share)
    {
        internal readonly PeerShare Share = share;
        internal readonly List<Connection> Connections = new(1);
        internal readonly Dictionary<string, int> Tags = [];

        internal Connection? Preferred { get; private set; }

        internal int Value
        {
            get
            {
                long sum = 0;
                foreach (int value in Tags.Values)
                    sum += value;
                return (int)Math.Clamp(sum, int.MinValue, int.MaxValue);
            }
        }

        internal void Choose(PeerId local)
        {
            Preferred = null;
            foreach (Connection connection in Connections)
                Preferred = Preferred is null ? connection : ConnectionPreference.Better(Preferred, connection, local);
        }
    }
}

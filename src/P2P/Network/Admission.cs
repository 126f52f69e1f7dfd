using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>Decides whether a connection whose peer is known may stay, and which other one has to go for it.</summary>
internal sealed class Admission(ConnectionTable table, SwarmOptions options, PeerId local)
{
    private readonly ConnectionLimits _limits = options.Limits;

    /// <returns>Null if it may stay, else the reason why not; a connection that has to make room for it.</returns>
    internal (string? Refusal, IPeerConnection? Victim) Judge(IPeerConnection connection)
    {
        PeerId peer = connection.RemotePeer;
        if (peer.Equals(local))
            return ("it is ourselves", null);
        if (options.PeerFilter is { } isWanted && !isWanted(peer))
            return ("this peer is not wanted", null);
        if (table.Of(peer).Length >= _limits.MaxConnectionsPerPeer)
            return ("too many connections with this peer", null);
        bool inboundIsFull = connection.Direction == Direction.Inbound && table.InboundCount >= _limits.InboundConnections;
        IPeerConnection? victim = null;
        if (inboundIsFull || table.Count >= _limits.MaxConnections)
        {
            victim = Choose(connection.Direction, inboundIsFull);
            if (victim is null)
                return ("the limit of connections is reached", null);
        }
        return options.ConnectionFilter is { } mayStay && !mayStay(peer, connection.RemoteAddress, connection.Direction)
            ? ("it is not welcome now", null)
            : (null, victim);
    }

    /// <summary>False while the table is full of connections that may not be trimmed: a handshake would be wasted.</summary>
    internal bool MayHaveRoom()
    {
        bool inboundIsFull = table.InboundCount >= _limits.InboundConnections;
        return (!inboundIsFull && table.Count < _limits.MaxConnections) || Choose(Direction.Inbound, inboundIsFull) is not null;
    }

    private IPeerConnection? Choose(Direction direction, bool inboundOnly)
    {
        IEnumerable<TrimCandidate> candidates = table.Candidates();
        if (inboundOnly)
            candidates = candidates.Where(static candidate => candidate.Connection.Direction == Direction.Inbound);
        // A stranger is worth 0: he does not drive out anybody of worth. A peer that we dial ourselves may.
        if (direction == Direction.Inbound)
            candidates = candidates.Where(static candidate => candidate.Value <= 0 || candidate.IsSurplus);
        return Trimmer.Choose(candidates, options.Time.GetUtcNow(), _limits.TrimGrace);
    }
}

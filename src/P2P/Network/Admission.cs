using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>Decides whether a connection whose peer is known may stay, and which other one has to go for it.</summary>
internal sealed class Admission(ConnectionTable table, ConnectionLimits limits, TimeProvider time, Func<PeerId, bool>? peerFilter, PeerId local)
{
    /// <returns>Null if it may stay, else the reason why not; a connection that has to make room for it.</returns>
    internal (string? Refusal, IPeerConnection? Victim) Judge(PeerId peer, Direction direction)
    {
        if (peer.Equals(local))
            return ("it is ourselves", null);
        if (peerFilter is not null && !peerFilter(peer))
            return ("this peer is not wanted", null);
        Connection[] others = table.Of(peer);
        if (others.Length >= limits.MaxConnectionsPerPeer)
            return ("too many connections with this peer", null);
        bool inboundIsFull = direction == Direction.Inbound && table.InboundCount >= limits.InboundConnections;
        return inboundIsFull || table.Count >= limits.MaxConnections ? MakeRoom(direction, inboundIsFull) : (null, null);
    }

    /// <summary>False while the table is full of connections that may not be trimmed: a handshake would be wasted.</summary>
    internal bool MayHaveRoom()
    {
        bool inboundIsFull = table.InboundCount >= limits.InboundConnections;
        return (!inboundIsFull && table.Count < limits.MaxConnections) || Choose(Direction.Inbound, inboundIsFull) is not null;
    }

    private (string? Refusal, IPeerConnection? Victim) MakeRoom(Direction direction, bool inboundOnly) =>
        Choose(direction, inboundOnly) is { } victim ? (null, victim) : ("the limit of connections is reached", null);

    private IPeerConnection? Choose(Direction direction, bool inboundOnly)
    {
        IEnumerable<TrimCandidate> candidates = table.Candidates();
        if (inboundOnly)
            candidates = candidates.Where(static candidate => candidate.Connection.Direction == Direction.Inbound);
        // A stranger is worth 0: he does not drive out anybody of worth. A peer that we dial ourselves may.
        if (direction == Direction.Inbound)
            candidates = candidates.Where(static candidate => candidate.Value <= 0 || candidate.IsSurplus);
        return Trimmer.Choose(candidates, time.GetUtcNow(), limits.TrimGrace);
    }
}

namespace P2PMiner.P2P.Dht.Lookups;

/// <summary>
/// One of the disjoint paths of a lookup: the peers it has heard of, the nearest first. Paths do not hear of each other's answers, and
/// nobody is asked on two of them, so that one path in bad hands leaves the others alone (Baumgart and Mies, "S/Kademlia", section 4.3).
/// </summary>
/// <param name="index">Its number.</param>
/// <param name="k">The path is done when the k closest that it heard of have answered, on whichever path.</param>
internal sealed class LookupPath(int index, int k)
{
    /// <summary>Peers remembered, in multiples of k: the k in question, and those that step in for peers that fail.</summary>
    private const int Reserve = 4;

    private readonly List<LookupPeer> _peers = [];

    internal int Index => index;

    /// <summary>Requests of this path that are under way.</summary>
    internal int Running { get; set; }

    /// <summary>True once <see cref="DhtStep.PathEnded"/> was told.</summary>
    internal bool EndTold { get; set; }

    /// <summary>Adds a peer unless it is known here, or farther than all that may ever be asked.</summary>
    internal void Add(LookupPeer peer)
    {
        int place = _peers.Count;
        while (place > 0 && _peers[place - 1].Distance >= peer.Distance)
            place--;
        if (place < _peers.Count && _peers[place].Distance == peer.Distance)
            return;
        _peers.Insert(place, peer);
        if (_peers.Count > Reserve * k)
            _peers.RemoveAt(_peers.Count - 1);
    }

    /// <summary>
    /// The nearest peer that is worth asking and that nobody asked yet, if it is among the k nearest of those that did not fail; else null.
    /// </summary>
    internal LookupPeer? Next()
    {
        int nearer = 0;
        foreach (LookupPeer peer in _peers)
        {
            if (nearer == k)
                return null;
            if (peer.State is LookupPeerState.Asked or LookupPeerState.Answered)
                nearer++;
            else if (peer.State == LookupPeerState.Seen && peer.IsCredible)
                return peer;
        }
        return null;
    }
}

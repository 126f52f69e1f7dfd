using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>
/// Who must not be grafted into the mesh of one topic, and until when (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md,
/// "PRUNE Backoff and Peer Exchange"). Kept when a peer disconnects. Overflow: no further peer is kept.
/// </summary>
internal sealed class Backoffs
{
    /// <summary>Peers kept per topic; far more than a node is connected to.</summary>
    internal const int Capacity = 4096;

    private readonly Dictionary<PeerId, TimeSpan> _expiries = [];

    internal int Count => _expiries.Count;

    /// <summary>Sets the expiry, unless a later one is set.</summary>
    internal void Add(PeerId peer, TimeSpan expiry)
    {
        if (_expiries.TryGetValue(peer, out TimeSpan former) ? former < expiry : _expiries.Count < Capacity)
            _expiries[peer] = expiry;
    }

    /// <summary>When the peer may graft us again; zero if there is nothing to wait for.</summary>
    internal TimeSpan ExpiryOf(PeerId peer) => _expiries.GetValueOrDefault(peer);

    /// <summary>True until a while after the expiry: for what we do ourselves, as clocks and heartbeats of two peers are not in step.</summary>
    internal bool IsHeld(PeerId peer, TimeSpan now, TimeSpan slack) =>
        _expiries.TryGetValue(peer, out TimeSpan expiry) && now < expiry + slack;

    internal void Expire(TimeSpan now, TimeSpan slack)
    {
        foreach ((PeerId peer, TimeSpan expiry) in _expiries)
        {
            if (now >= expiry + slack)
                _expiries.Remove(peer);
        }
    }
}

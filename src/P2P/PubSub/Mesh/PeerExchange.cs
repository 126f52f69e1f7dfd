using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>
/// Takes the peers that a PRUNE names (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "PRUNE Backoff and Peer Exchange"), if peer
/// exchange is on and whoever names them is trusted for it. Belongs to the router's lock.
/// </summary>
/// <param name="options">All options.</param>
/// <param name="guard">Judges peers.</param>
/// <param name="isConnected">True for peers that we have a stream with, and for ourselves.</param>
/// <param name="connect">Connects to a peer in the background, after taking note of its addresses.</param>
internal sealed class PeerExchange(
    PubSubOptions options, PeerGuard guard, Func<PeerId, bool> isConnected, Action<PeerId, IReadOnlyList<Multiaddr>> connect)
{
    internal void Receive(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc, RpcFrame.PruneEntry prune)
    {
        if (!options.PeerExchange || prune.Count == 0 || guard.Score(peer) < guard.Thresholds.AcceptPeerExchange)
            return;
        int count = Math.Min(prune.Count, options.Limits.MaxExchangedPeers);
        foreach (RpcFrame.PeerInfoEntry info in rpc.PeerInfos.GetRange(prune.First, count))
        {
            if (!PeerId.TryDecode(info.PeerId.Of(buffer), out PeerId? named) || isConnected(named))
                continue;
            if (!info.SignedRecord.IsPresent)
                connect(named, []);
            else if (PeerRecord.TryVerify(info.SignedRecord.Of(buffer), out PeerRecord? record) && record.Peer.Equals(named))
                connect(named, record.Addresses);
            else
                guard.Penalise(peer, 1, "a forged peer record");
        }
    }
}

using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Gossip;
using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Validation;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Routing;

/// <summary>Gives the parts of an RPC to those who deal with them. Belongs to the router's lock.</summary>
internal sealed class RpcProcessor(
    TopicTable topics,
    PeerSubscriptions subscriptions,
    MessageIntake intake,
    MeshMembership membership,
    PeerExchange exchange,
    GossipExchange gossip,
    PeerGuard guard,
    Outbox outbox,
    IPubSubTrace? trace)
{
    /// <summary>Tells whoever traces, also of an RPC that is then ignored.</summary>
    internal void Trace(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc)
    {
        if (trace?.TracesRpcs == true)
            trace.RpcReceived(peer.Id, RpcContentReader.Read(buffer, rpc));
    }

    /// <param name="peer">Who sent it.</param>
    /// <param name="buffer">The RPC.</param>
    /// <param name="rpc">The same, decoded.</param>
    /// <param name="tick">Number of the heartbeat.</param>
    internal void Process(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc, long tick)
    {
        if (rpc.IsEmpty)
            guard.CountUseless(peer, "empty RPCs");
        if (rpc.Subscriptions.Count > 0)
            subscriptions.Receive(peer, buffer, rpc);
        for (int i = 0; i < rpc.Messages.Count && !peer.IsCutOff; i++)
            intake.Receive(peer, buffer, rpc.Messages[i]);
        if (rpc.HasControl && !peer.IsCutOff)
            ProcessControl(peer, buffer, rpc, tick);
        outbox.Flush();
    }

    private void ProcessControl(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc, long tick)
    {
        if (rpc.IHaves.Count > 0)
            gossip.OnIHave(peer, buffer, rpc);
        if (rpc.IWants.Count > 0)
            gossip.OnIWant(peer, buffer, rpc);
        foreach (Slice topic in rpc.Grafts)
            OnGraft(peer, topic.Of(buffer));
        foreach (RpcFrame.PruneEntry prune in rpc.Prunes)
            OnPrune(peer, buffer, rpc, prune);
        if (rpc.IDontWants.Count > 0)
            gossip.OnIDontWant(peer, buffer, rpc, tick);
    }

    private void CountMeshEntry(GossipPeer peer) =>
        guard.PenaliseFlood(peer, ++peer.Budget.MeshEntries, PeerBudget.FloodMeshEntries, "flood of GRAFT and PRUNE");

    private void OnGraft(GossipPeer peer, ReadOnlySpan<byte> key)
    {
        CountMeshEntry(peer);
        if (peer.IsCutOff || !topics.TryFind(key, out Topic? topic))
            return;
        bool isIn = topic.Mesh?.Contains(peer) == true;
        if (membership.OnGraft(topic, peer) && !isIn)
            trace?.Grafted(topic.Name, peer.Id, Direction.Inbound);
    }

    private void OnPrune(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc, RpcFrame.PruneEntry prune)
    {
        CountMeshEntry(peer);
        if (peer.IsCutOff || !topics.TryFind(prune.Topic.Of(buffer), out Topic? topic))
            return;
        membership.OnPrune(topic, peer, prune.BackoffSeconds ?? 0);
        trace?.Pruned(topic.Name, peer.Id, Direction.Inbound);
        if (topic.Mesh is not null)
            exchange.Receive(peer, buffer, rpc, prune);
    }
}

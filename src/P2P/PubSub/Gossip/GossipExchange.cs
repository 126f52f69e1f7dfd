using P2PMiner.P2P.PubSub.Mesh;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Validation;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Gossip;

/// <summary>
/// Answers IHAVE with IWANT, IWANT with messages, and takes note of IDONTWANT (libp2p/specs, pubsub/gossipsub/gossipsub-v1.0.md,
/// "Control Messages"; v1.1, "Spam Protection Measures"; v1.2, "IDONTWANT Message"). Belongs to the router's lock.
/// </summary>
internal sealed class GossipExchange(
    PubSubOptions options,
    TopicTable topics,
    SeenCache seen,
    InFlightMessages inFlight,
    MessageCache cache,
    Promises promises,
    PeerGuard guard,
    Outbox outbox,
    PeerChoice choice)
{
    private readonly List<byte[]> _wanted = [];

    internal void OnIHave(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc)
    {
        guard.PenaliseFlood(peer, ++peer.Budget.IHaveRpcs, PeerBudget.FloodRpcs, "flood of IHAVE");
        int room = options.Limits.MaxIds - peer.Budget.Asked;
        if (room <= 0 || peer.Budget.IHaveRpcs > options.Limits.MaxIHaveRpcs || !peer.CanSend || !IsGossipTaken(peer))
            return;
        CollectWanted(buffer, rpc);
        if (_wanted.Count == 0)
            return;
        choice.Shuffle(_wanted);
        if (_wanted.Count > room)
            _wanted.RemoveRange(room, _wanted.Count - room);
        peer.Budget.Asked += _wanted.Count;
        outbox.For(peer).IWant.AddRange(_wanted);
        promises.Add(peer, _wanted[choice.Next(_wanted.Count)]);
        _wanted.Clear();
    }

    internal void OnIWant(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc)
    {
        guard.PenaliseFlood(peer, ++peer.Budget.IWantRpcs, PeerBudget.FloodRpcs, "flood of IWANT");
        if (peer.Budget.IWantRpcs > options.Limits.MaxIWantRpcs || !peer.CanSend || !IsGossipTaken(peer))
            return;
        foreach (RpcFrame.IdListEntry list in rpc.IWants)
        {
            for (int i = list.First; i < list.First + list.Count; i++)
            {
                if (peer.Budget.Served++ >= options.Limits.MaxIds)
                    return;
                Serve(peer, rpc.Ids[i].Of(buffer));
            }
        }
    }

    internal void OnIDontWant(GossipPeer peer, ReadOnlySpan<byte> buffer, RpcFrame rpc, long tick)
    {
        foreach (RpcFrame.IdListEntry list in rpc.IDontWants)
        {
            for (int i = list.First; i < list.First + list.Count; i++)
            {
                ReadOnlySpan<byte> id = rpc.Ids[i].Of(buffer);
                if (id.Length <= MessageId.MaxSize && !peer.Declined.TryAdd(id, tick, options.Limits.MaxIDontWant))
                    return;
            }
        }
    }

    /// <summary>Tells the mesh, but not the sender, that a large message is here and need not be sent again.</summary>
    internal void Decline(Topic topic, GossipMessage message, GossipPeer sender)
    {
        if (message.DataSize < options.Gossip.IDontWantMinSize)
            return;
        foreach (GossipPeer peer in topic.Mesh ?? [])
        {
            if (peer != sender && peer.Version >= ProtocolVersion.V12)
                outbox.For(peer).IDontWant.Add(message.Id);
        }
    }

    private bool IsGossipTaken(GossipPeer peer) => guard.Score(peer) >= guard.Thresholds.Gossip;

    private void CollectWanted(ReadOnlySpan<byte> buffer, RpcFrame rpc)
    {
        int examined = 0;
        foreach (RpcFrame.IdListEntry list in rpc.IHaves)
        {
            if (!topics.TryFind(list.Topic.Of(buffer), out Topic? topic) || topic.Mesh is null)
                continue;
            for (int i = list.First; i < list.First + list.Count && examined < options.Limits.MaxIds; i++, examined++)
            {
                ReadOnlySpan<byte> id = rpc.Ids[i].Of(buffer);
                if (id.Length is > 0 and <= MessageId.MaxSize && !seen.Contains(id) && !inFlight.Contains(id))
                    _wanted.Add(id.ToArray());
            }
        }
    }

    private void Serve(GossipPeer peer, ReadOnlySpan<byte> id)
    {
        GossipMessage? message = cache.Find(id, peer.Number, out int times);
        if (message is not null && times <= options.Limits.MaxRetransmissions && !peer.Declined.Contains(message.Id))
            outbox.Send(peer, message, Lane.Forwarded);
    }
}

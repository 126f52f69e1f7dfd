using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Wire;

namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>
/// Where everything that is sent goes through. Control is gathered per peer while a step is processed and leaves as one RPC at its end.
/// Belongs to the router's lock.
/// </summary>
internal sealed class Outbox(IPubSubTrace? trace, PeerGuard guard)
{
    /// <summary>Bytes of ids in one RPC; more go into another, as other implementations take no more than 1 MiB at once.</summary>
    private const int MaxIdBytes = 512 * 1024;

    private readonly List<GossipPeer> _pending = [];

    /// <summary>What will be told to a peer at the end of this step; only for peers that can be sent to.</summary>
    internal ControlBatch For(GossipPeer peer)
    {
        if (!peer.IsPending)
        {
            peer.IsPending = true;
            _pending.Add(peer);
        }
        return peer.Pending;
    }

    /// <summary>Ends a step.</summary>
    internal void Flush()
    {
        foreach (GossipPeer peer in _pending)
        {
            peer.IsPending = false;
            if (peer.IsPresent)
                Send(peer, peer.Pending);
            peer.Pending.Clear();
        }
        _pending.Clear();
    }

    /// <summary>Queues a message.</summary>
    /// <returns>False if the peer's queue is full.</returns>
    internal bool Send(GossipPeer peer, GossipMessage message, Lane lane)
    {
        bool queued = peer.Queue.TryAdd(message.Frame, lane);
        if (queued)
            PubSubMetrics.Sent.Add(1);
        else
            PubSubMetrics.Dropped.Add(1);
        Trace(peer, message.Frame, queued);
        return queued;
    }

    private void Send(GossipPeer peer, ControlBatch batch)
    {
        SplitOff(peer, batch);
        bool mustArrive = batch.MustArrive;
        if (!Queue(peer, batch) && mustArrive)
            guard.CutOff(peer, "it does not read what is sent to it");
        if (trace is null)
            return;
        foreach (byte[] topic in batch.Grafts)
            trace.Grafted(System.Text.Encoding.UTF8.GetString(topic), peer.Id, Direction.Outbound);
        foreach (ControlBatch.PruneNotice prune in batch.Prunes)
            trace.Pruned(System.Text.Encoding.UTF8.GetString(prune.Topic), peer.Id, Direction.Outbound);
    }

    /// <summary>Sends the IHAVE lists that are too many for one RPC on their own.</summary>
    private void SplitOff(GossipPeer peer, ControlBatch batch)
    {
        int bytes = 0;
        for (int i = 0; i < batch.IHaves.Count; i++)
        {
            bytes += batch.IHaves[i].Ids.Sum(static id => id.Length);
            if (i == 0 || bytes <= MaxIdBytes)
                continue;
            ControlBatch rest = new();
            rest.IHaves.Add(batch.IHaves[i]);
            Queue(peer, rest);
            batch.IHaves.RemoveAt(i--);
        }
    }

    private bool Queue(GossipPeer peer, ControlBatch batch)
    {
        byte[] frame = RpcEncoder.Encode(batch);
        bool queued = peer.Queue.TryAdd(frame, Lane.Control);
        Trace(peer, frame, queued);
        return queued;
    }

    private void Trace(GossipPeer peer, byte[] frame, bool queued)
    {
        if (trace?.TracesRpcs == true)
            trace.RpcSent(peer.Id, RpcContentReader.ReadOwn(frame), queued);
    }
}

namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>Encodes RPCs without messages, with their length prefix (libp2p/specs, pubsub/gossipsub/gossipsub-v1.2.md, "Protobuf Extension").</summary>
internal static class RpcEncoder
{
    internal static byte[] Encode(ControlBatch batch)
    {
        PrependWriter writer = new();
        if (batch.HasControl)
            WriteControl(ref writer, batch);
        for (int i = batch.Subscriptions.Count - 1; i >= 0; i--)
        {
            int mark = writer.Length;
            writer.Bytes(RpcFields.Subscription.Topic, batch.Subscriptions[i].Topic);
            writer.Number(RpcFields.Subscription.Subscribe, batch.Subscriptions[i].Subscribe ? 1UL : 0);
            writer.CloseMessage(RpcFields.Subscriptions, mark);
        }
        return writer.ToFrame();
    }

    private static void WriteControl(ref PrependWriter writer, ControlBatch batch)
    {
        int start = writer.Length;
        WriteIds(ref writer, RpcFields.ControlMessage.IDontWant, RpcFields.WantIds, [], batch.IDontWant);
        for (int i = batch.Prunes.Count - 1; i >= 0; i--)
            WritePrune(ref writer, batch.Prunes[i]);
        for (int i = batch.Grafts.Count - 1; i >= 0; i--)
        {
            int mark = writer.Length;
            writer.Bytes(RpcFields.ControlTopic, batch.Grafts[i]);
            writer.CloseMessage(RpcFields.ControlMessage.Graft, mark);
        }
        WriteIds(ref writer, RpcFields.ControlMessage.IWant, RpcFields.WantIds, [], batch.IWant);
        for (int i = batch.IHaves.Count - 1; i >= 0; i--)
            WriteIds(ref writer, RpcFields.ControlMessage.IHave, RpcFields.IHaveIds, batch.IHaves[i].Topic, batch.IHaves[i].Ids);
        writer.CloseMessage(RpcFields.Control, start);
    }

    private static void WriteIds(ref PrependWriter writer, int field, int idField, ReadOnlySpan<byte> topic, IReadOnlyList<byte[]> ids)
    {
        if (ids.Count == 0)
            return;
        int mark = writer.Length;
        for (int i = ids.Count - 1; i >= 0; i--)
            writer.Bytes(idField, ids[i]);
        if (!topic.IsEmpty)
            writer.Bytes(RpcFields.ControlTopic, topic);
        writer.CloseMessage(field, mark);
    }

    private static void WritePrune(ref PrependWriter writer, ControlBatch.PruneNotice prune)
    {
        int start = writer.Length;
        if (prune.BackoffSeconds is ulong backoff)
            writer.Number(RpcFields.Prune.Backoff, backoff);
        for (int i = prune.Peers.Count - 1; i >= 0; i--)
        {
            int mark = writer.Length;
            if (prune.Peers[i].Record is byte[] record)
                writer.Bytes(RpcFields.PeerInfo.SignedRecord, record);
            writer.Bytes(RpcFields.PeerInfo.PeerId, prune.Peers[i].Peer);
            writer.CloseMessage(RpcFields.Prune.Peers, mark);
        }
        writer.Bytes(RpcFields.ControlTopic, prune.Topic);
        writer.CloseMessage(RpcFields.ControlMessage.Prune, start);
    }
}

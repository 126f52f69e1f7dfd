using System.Text;

namespace P2PMiner.P2P.PubSub.Wire;

/// <summary>Takes an RPC apart for those who trace.</summary>
internal static class RpcContentReader
{
    internal static RpcContent Read(ReadOnlySpan<byte> buffer, RpcFrame frame)
    {
        List<SubscriptionChange> subscriptions = [];
        foreach (RpcFrame.SubscriptionEntry entry in frame.Subscriptions)
            subscriptions.Add(new SubscriptionChange(Text(buffer, entry.Topic), entry.Subscribe));
        List<RpcMessage> messages = [];
        foreach (MessageEntry entry in frame.Messages)
            messages.Add(Message(buffer, entry));
        List<RpcIHave> ihaves = [];
        foreach (RpcFrame.IdListEntry entry in frame.IHaves)
            ihaves.Add(new RpcIHave(Text(buffer, entry.Topic), Ids(buffer, frame, entry)));
        List<string> grafts = [];
        foreach (Slice topic in frame.Grafts)
            grafts.Add(Text(buffer, topic));
        List<RpcPrune> prunes = [];
        foreach (RpcFrame.PruneEntry entry in frame.Prunes)
            prunes.Add(new RpcPrune(Text(buffer, entry.Topic), entry.BackoffSeconds, Peers(buffer, frame, entry)));
        return new RpcContent(
            subscriptions, messages, ihaves, Lists(buffer, frame, frame.IWants), Lists(buffer, frame, frame.IDontWants), grafts, prunes);
    }

    /// <summary>As <see cref="Read(ReadOnlySpan{byte}, RpcFrame)"/>, of an RPC of our own with its length prefix.</summary>
    internal static RpcContent ReadOwn(ReadOnlySpan<byte> frame)
    {
        ProtoReader reader = new(frame);
        reader.TryReadVarint(out ulong length);
        ReadOnlySpan<byte> rpc = frame[^(int)length..];
        RpcFrame decoded = new();
        RpcDecoder.Decode(rpc, decoded);
        return Read(rpc, decoded);
    }

    private static RpcMessage Message(ReadOnlySpan<byte> buffer, in MessageEntry entry) => new(
        Text(buffer, entry.Topic),
        entry.Data.Length,
        Optional(buffer, entry.From),
        Optional(buffer, entry.SequenceNumber),
        Optional(buffer, entry.Signature),
        Optional(buffer, entry.Key));

    private static List<RpcIds> Lists(ReadOnlySpan<byte> buffer, RpcFrame frame, List<RpcFrame.IdListEntry> entries)
    {
        List<RpcIds> lists = [];
        foreach (RpcFrame.IdListEntry entry in entries)
            lists.Add(new RpcIds(Ids(buffer, frame, entry)));
        return lists;
    }

    private static List<byte[]> Ids(ReadOnlySpan<byte> buffer, RpcFrame frame, RpcFrame.IdListEntry entry)
    {
        List<byte[]> ids = [];
        for (int i = entry.First; i < entry.First + entry.Count; i++)
            ids.Add(frame.Ids[i].Of(buffer).ToArray());
        return ids;
    }

    private static List<RpcPeerInfo> Peers(ReadOnlySpan<byte> buffer, RpcFrame frame, RpcFrame.PruneEntry entry)
    {
        List<RpcPeerInfo> peers = [];
        for (int i = entry.First; i < entry.First + entry.Count; i++)
            peers.Add(new RpcPeerInfo(frame.PeerInfos[i].PeerId.Of(buffer).ToArray(), frame.PeerInfos[i].SignedRecord.IsPresent));
        return peers;
    }

    private static byte[]? Optional(ReadOnlySpan<byte> buffer, Slice field) => field.IsPresent ? field.Of(buffer).ToArray() : null;

    private static string Text(ReadOnlySpan<byte> buffer, Slice field) => Encoding.UTF8.GetString(field.Of(buffer));
}

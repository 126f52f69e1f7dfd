using System.Text.Json.Nodes;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Peer.Events;

/// <summary>Writes what happens between gossipsub peers.</summary>
internal sealed class PubSubTrace(JsonLines output, bool tracesRpcs) : IPubSubTrace
{
    public bool TracesRpcs => tracesRpcs;

    public void RpcReceived(PeerId peer, RpcContent rpc) =>
        output.Write("rpc:in", new() { ["remotePeer"] = peer.ToString(), ["rpc"] = Rpc(rpc) });

    public void RpcSent(PeerId peer, RpcContent rpc, bool queued) =>
        output.Write("rpc:out", new() { ["remotePeer"] = peer.ToString(), ["rpc"] = Rpc(rpc), ["sent"] = queued });

    public void SubscriptionsChanged(PeerId peer, IReadOnlyList<SubscriptionChange> changes) =>
        output.Write("subscription", new() { ["remotePeer"] = peer.ToString(), ["subscriptions"] = Subscriptions(changes) });

    public void Grafted(string topic, PeerId peer, Direction direction) => WriteMeshChange("graft", topic, peer, direction);

    public void Pruned(string topic, PeerId peer, Direction direction) => WriteMeshChange("prune", topic, peer, direction);

    private void WriteMeshChange(string name, string topic, PeerId peer, Direction direction) =>
        output.Write(name, new() { ["topic"] = topic, ["remotePeer"] = peer.ToString(), ["direction"] = JsonValues.Text(direction) });

    private static JsonObject Rpc(RpcContent rpc)
    {
        JsonObject parts = [];
        Add(parts, "subscriptions", Subscriptions(rpc.Subscriptions));
        Add(parts, "messages", JsonValues.Array(rpc.Messages.Select(Message)));
        Add(parts, "ihave", JsonValues.Array(rpc.IHave.Select(have => new JsonObject { ["topic"] = have.Topic, ["ids"] = Ids(have.Ids) })));
        Add(parts, "iwant", JsonValues.Array(rpc.IWant.Select(want => new JsonObject { ["ids"] = Ids(want.Ids) })));
        Add(parts, "idontwant", JsonValues.Array(rpc.IDontWant.Select(want => new JsonObject { ["ids"] = Ids(want.Ids) })));
        Add(parts, "graft", JsonValues.Texts(rpc.Graft));
        Add(parts, "prune", JsonValues.Array(rpc.Prune.Select(Prune)));
        return parts;
    }

    private static void Add(JsonObject parts, string name, JsonArray items)
    {
        if (items.Count > 0)
            parts[name] = items;
    }

    private static JsonArray Subscriptions(IEnumerable<SubscriptionChange> changes) =>
        JsonValues.Array(changes.Select(change => new JsonObject { ["topic"] = change.Topic, ["subscribe"] = change.Subscribe }));

    private static JsonArray Ids(IEnumerable<byte[]> ids) => JsonValues.Array(ids.Select(id => (JsonNode?)JsonValues.Hex(id)));

    private static JsonObject Message(RpcMessage message)
    {
        JsonObject fields = new() { ["topic"] = message.Topic, ["size"] = message.DataSize };
        if (message.From is not null)
            fields["from"] = JsonValues.Hex(message.From);
        if (message.SequenceNumber is not null)
            fields["seqno"] = JsonValues.Hex(message.SequenceNumber);
        if (message.Signature is not null)
            fields["sigLen"] = message.Signature.Length;
        if (message.Key is not null)
            fields["key"] = JsonValues.Hex(message.Key);
        return fields;
    }

    private static JsonObject Prune(RpcPrune prune)
    {
        JsonObject fields = new() { ["topic"] = prune.Topic };
        if (prune.BackoffSeconds is ulong backoff)
            fields["backoff"] = backoff;
        if (prune.Peers.Count > 0)
        {
            fields["peers"] = JsonValues.Array(prune.Peers.Select(peer =>
                new JsonObject { ["peerID"] = JsonValues.Hex(peer.Peer), ["signed"] = peer.HasSignedRecord }));
        }
        return fields;
    }
}

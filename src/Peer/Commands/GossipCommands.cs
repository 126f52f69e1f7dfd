using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Peer.Commands;

/// <summary>Commands on topics.</summary>
internal static class GossipCommands
{
    private const int MinSize = sizeof(ulong);

    public static Task<CommandResult> SubscribeAsync(CommandContext c)
    {
        c.Peer.Topics.Add(c.Arguments.Text("topic"));
        return Task.FromResult(new CommandResult(new() { ["topics"] = JsonValues.Texts(c.Peer.GossipSub.Topics) }));
    }

    public static async Task<CommandResult> UnsubscribeAsync(CommandContext c)
    {
        await c.Peer.Topics.RemoveAsync(c.Arguments.Text("topic"));
        return new(new() { ["topics"] = JsonValues.Texts(c.Peer.GossipSub.Topics) });
    }

    public static async Task<CommandResult> PublishAsync(CommandContext c)
    {
        IReadOnlyList<PeerId> recipients =
            await c.Peer.GossipSub.PublishAsync(c.Arguments.Text("topic"), c.Arguments.Bytes("data"), c.Cancellation);
        return new(new() { ["recipients"] = JsonValues.Texts(recipients) });
    }

    public static async Task<CommandResult> PublishManyAsync(CommandContext c)
    {
        string topic = c.Arguments.Text("topic");
        long count = c.Arguments.Number("count");
        int size = (int)Math.Clamp(c.Arguments.Number("size", 64), MinSize, int.MaxValue);
        TimeSpan gap = TimeSpan.FromMilliseconds(c.Arguments.Number("gapMs", 0));
        long recipients = 0;
        long start = Stopwatch.GetTimestamp();
        for (long i = 0; i < count; i++)
        {
            byte[] data = RandomNumberGenerator.GetBytes(size);
            BinaryPrimitives.WriteInt64BigEndian(data, i);
            recipients += (await c.Peer.GossipSub.PublishAsync(topic, data, c.Cancellation)).Count;
            if (gap > TimeSpan.Zero)
                await Task.Delay(gap, c.Cancellation);
        }
        return new(new() { ["count"] = count, ["recipients"] = recipients, ["ms"] = Stopwatch.GetElapsedTime(start).TotalMilliseconds });
    }

    public static Task<CommandResult> ValidatorAsync(CommandContext c)
    {
        Verdict? verdict = c.Arguments.Text("mode") switch
        {
            "accept" => Verdict.Accept,
            "ignore" => Verdict.Ignore,
            "reject" => Verdict.Reject,
            "off" => null,
            string other => throw new ArgumentException($"'mode': '{other}' is none of accept, ignore, reject, off"),
        };
        c.Peer.GossipSub.SetValidator(c.Arguments.Text("topic"), verdict is { } v ? (_, _) => ValueTask.FromResult(v) : null);
        return Task.FromResult(new CommandResult([]));
    }

    public static Task<CommandResult> MeshAsync(CommandContext c)
    {
        GossipSub gossipSub = c.Peer.GossipSub;
        IReadOnlyList<string> names = c.Arguments.TextOrNull("topic") is { } topic ? [topic] : gossipSub.Topics;
        JsonObject topics = [];
        foreach (string name in names)
        {
            topics[name] = new JsonObject
            {
                ["mesh"] = JsonValues.Texts(gossipSub.MeshPeers(name)),
                ["subscribers"] = JsonValues.Texts(gossipSub.Subscribers(name)),
            };
        }
        return Task.FromResult(new CommandResult(new() { ["topics"] = topics, ["peers"] = JsonValues.Array(gossipSub.Peers.Select(Peer)) }));
    }

    public static Task<CommandResult> SubscribersAsync(CommandContext c) => Task.FromResult(new CommandResult(new()
    {
        ["subscribers"] = JsonValues.Texts(c.Peer.GossipSub.Subscribers(c.Arguments.Text("topic"))),
    }));

    public static Task<CommandResult> StatsAsync(CommandContext c)
    {
        JsonObject byTopic = [];
        foreach ((string topic, long count) in c.Peer.Topics.Counts)
            byTopic[topic] = count;
        return Task.FromResult(new CommandResult(new()
        {
            ["byTopic"] = byTopic,
            ["received"] = c.Peer.Topics.Received,
            ["receivedBytes"] = c.Peer.Topics.ReceivedBytes,
        }));
    }

    private static JsonObject Peer(PubSubPeer peer)
    {
        JsonObject fields = new() { ["peer"] = peer.Peer.ToString(), ["score"] = peer.Score, ["inbound"] = peer.HasInbound };
        if (peer.OutboundProtocol is not null)
            fields["outbound"] = peer.OutboundProtocol;
        return fields;
    }
}

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
    private const int StandardSize = 64;

    public static void Subscribe(CommandContext c)
    {
        c.Peer.Topics.Add(c.Arguments.Text("topic"));
        SetTopics(c);
    }

    public static async Task UnsubscribeAsync(CommandContext c)
    {
        await c.Peer.Topics.RemoveAsync(c.Arguments.Text("topic"));
        SetTopics(c);
    }

    public static async Task PublishAsync(CommandContext c)
    {
        IReadOnlyList<PeerId> recipients =
            await c.Peer.GossipSub.PublishAsync(c.Arguments.Text("topic"), c.Arguments.Bytes("data"), c.Cancellation);
        c.Set("recipients", JsonValues.Texts(recipients));
    }

    public static async Task PublishManyAsync(CommandContext c)
    {
        string topic = c.Arguments.Text("topic");
        long count = c.Arguments.Number("count");
        int size = (int)Math.Clamp(c.Arguments.Number("size", StandardSize), MinSize, Array.MaxLength);
        TimeSpan gap = c.Arguments.Duration("gapMs", 0);
        long start = Stopwatch.GetTimestamp();
        long sent = 0;
        long recipients = 0;
        c.SetAtEnd(() =>
        {
            c.Set("count", sent);
            c.Set("recipients", recipients);
            c.Set("ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        });
        while (sent < count)
        {
            byte[] data = RandomNumberGenerator.GetBytes(size);
            BinaryPrimitives.WriteInt64BigEndian(data, sent);
            recipients += (await c.Peer.GossipSub.PublishAsync(topic, data, c.Cancellation)).Count;
            sent++;
            if (gap > TimeSpan.Zero)
                await Task.Delay(gap, c.Cancellation);
            else
                await Task.Yield();
        }
    }

    public static void Validator(CommandContext c)
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
    }

    public static void Mesh(CommandContext c)
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
        c.Set("topics", topics);
        c.Set("peers", JsonValues.Array(gossipSub.Peers.Select(Peer)));
    }

    public static void Subscribers(CommandContext c) =>
        c.Set("subscribers", JsonValues.Texts(c.Peer.GossipSub.Subscribers(c.Arguments.Text("topic"))));

    public static void Stats(CommandContext c)
    {
        JsonObject byTopic = [];
        foreach ((string topic, long count) in c.Peer.Topics.Counts)
            byTopic[topic] = count;
        c.Set("byTopic", byTopic);
        c.Set("received", c.Peer.Topics.Received);
        c.Set("receivedBytes", c.Peer.Topics.ReceivedBytes);
    }

    private static void SetTopics(CommandContext c) => c.Set("topics", JsonValues.Texts(c.Peer.GossipSub.Topics));

    private static JsonObject Peer(PubSubPeer peer)
    {
        JsonObject fields = new() { ["peer"] = peer.Peer.ToString(), ["score"] = peer.Score, ["inbound"] = peer.HasInbound };
        if (peer.OutboundProtocol is not null)
            fields["outbound"] = peer.OutboundProtocol;
        return fields;
    }
}

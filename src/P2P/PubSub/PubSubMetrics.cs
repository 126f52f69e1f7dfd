using System.Diagnostics.Metrics;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.PubSub;

/// <summary>The instruments of pubsub, on the meter of the library.</summary>
internal static class PubSubMetrics
{
    internal static readonly Counter<long> Received =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.messages.received", null, "Messages received, duplicates included.");

    internal static readonly Counter<long> Duplicates =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.messages.duplicates", null, "Messages received that had been seen before.");

    internal static readonly Counter<long> Delivered =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.messages.delivered", null, "Messages verified, accepted and handed to a subscription.");

    internal static readonly Counter<long> Invalid =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.messages.invalid", null, "Messages that break the signature policy, by what is wrong.");

    internal static readonly Counter<long> Rejected =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.messages.rejected", null, "Messages that a validator did not accept, by its verdict.");

    internal static readonly Counter<long> Pauses =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.peers.paused", null, "Times that a peer was not read because it had sent more than the rate of a topic.");

    internal static readonly Counter<long> Published =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.messages.published", null, "Messages of our own.");

    internal static readonly Counter<long> Sent =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.messages.sent", null, "Messages queued to peers.");

    internal static readonly Counter<long> Dropped =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.messages.dropped", null, "Messages not sent because a peer's queue was full.");

    internal static readonly Counter<long> Penalties =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.penalties", null, "Rules broken by peers, by rule.");

    internal static readonly Counter<long> CutOff =
        P2PMetrics.Meter.CreateCounter<long>("p2p.pubsub.peers.cut_off", null, "Peers whose connection was ended for what they did.");

    internal static readonly UpDownCounter<int> MeshPeers =
        P2PMetrics.Meter.CreateUpDownCounter<int>("p2p.pubsub.mesh.peers", null, "Peers in the meshes, by topic.");

    internal static readonly UpDownCounter<int> Peers =
        P2PMetrics.Meter.CreateUpDownCounter<int>("p2p.pubsub.peers", null, "Peers with a pubsub stream.");

    internal static readonly Histogram<double> Scores =
        P2PMetrics.Meter.CreateHistogram<double>("p2p.pubsub.peers.score", null, "Scores of the peers at each heartbeat.");

    internal static readonly Histogram<double> Heartbeats =
        P2PMetrics.Meter.CreateHistogram<double>("p2p.pubsub.heartbeat.duration", "s", "Time that a heartbeat took.");
}

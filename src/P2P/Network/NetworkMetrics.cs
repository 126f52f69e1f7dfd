using System.Diagnostics.Metrics;

namespace P2PMiner.P2P.Network;

/// <summary>What can be counted of connections, streams, dials and handshakes.</summary>
internal static class NetworkMetrics
{
    private static readonly UpDownCounter<int> Connections =
        P2PMetrics.Meter.CreateUpDownCounter<int>("p2p.connections", null, "Usable connections.");

    private static readonly UpDownCounter<int> Streams =
        P2PMetrics.Meter.CreateUpDownCounter<int>("p2p.streams", null, "Streams whose protocol is agreed on.");

    private static readonly Counter<long> Dials =
        P2PMetrics.Meter.CreateCounter<long>("p2p.dials", null, "Attempts to connect to an address.");

    private static readonly Counter<long> Refusals =
        P2PMetrics.Meter.CreateCounter<long>("p2p.inbound.refused", null, "Inbound connections refused before or after their handshake.");

    private static readonly Counter<long> Trims =
        P2PMetrics.Meter.CreateCounter<long>("p2p.connections.trimmed", null, "Connections closed to make room for others.");

    private static readonly Counter<long> StreamFailures =
        P2PMetrics.Meter.CreateCounter<long>("p2p.stream.failures", null, "Handlers of streams that failed.");

    private static readonly Histogram<double> Handshakes =
        P2PMetrics.Meter.CreateHistogram<double>("p2p.handshake.duration", "s", "Handshakes of connections, with their result.");

    internal static void ConnectionChanged(int change, Direction direction) => Connections.Add(change, Tag(direction));

    internal static void StreamChanged(int change, string protocol, Direction direction) =>
        Streams.Add(change, new KeyValuePair<string, object?>("protocol", protocol), Tag(direction));

    internal static void DialEnded(bool success) => Dials.Add(1, Result(success));

    internal static void InboundRefused() => Refusals.Add(1);

    internal static void ConnectionTrimmed() => Trims.Add(1);

    internal static void StreamFailed(string protocol) => StreamFailures.Add(1, new KeyValuePair<string, object?>("protocol", protocol));

    internal static void HandshakeEnded(Direction direction, bool success, TimeSpan took) =>
        Handshakes.Record(took.TotalSeconds, Tag(direction), Result(success));

    private static KeyValuePair<string, object?> Tag(Direction direction) =>
        new("direction", direction == Direction.Inbound ? "inbound" : "outbound");

    private static KeyValuePair<string, object?> Result(bool success) => new("result", success ? "ok" : "failed");
}

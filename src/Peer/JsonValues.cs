using System.Text.Json.Nodes;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.Peer;

/// <summary>The host's values as JSON.</summary>
internal static class JsonValues
{
    public static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(bytes);

    public static JsonArray Array(IEnumerable<JsonNode?> items) => new([.. items]);

    public static JsonArray Texts<T>(IEnumerable<T> items) => new([.. items.Select(item => (JsonNode?)item!.ToString())]);

    public static string Text(Direction direction) => direction == Direction.Inbound ? "inbound" : "outbound";

    public static JsonObject Connection(IPeerConnection connection) => new()
    {
        ["remotePeer"] = connection.RemotePeer.ToString(),
        ["remoteAddr"] = connection.RemoteAddress.ToString(),
        ["direction"] = Text(connection.Direction),
        ["encryption"] = connection.Security,
        ["multiplexer"] = connection.Multiplexer,
        ["status"] = connection.Closed.IsCancellationRequested ? "closed" : "open",
        ["streams"] = connection.StreamCount,
    };

    public static JsonObject? Record(PeerRecord? record) => record is null ? null : new()
    {
        ["seq"] = record.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["addresses"] = Texts(record.Addresses),
    };
}

using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using P2PMiner.P2P.Dht;
using P2PMiner.Peer.Commands;

namespace P2PMiner.Peer.Events;

/// <summary>Writes the steps of one query.</summary>
internal static partial class DhtTrace
{
    public static void Write(CommandContext query, DhtEvent step) => query.Emit("dht", new()
    {
        ["step"] = Name(step.Step),
        ["q"] = query.Id is { } id ? JsonNode.Parse(id.GetRawText()) : null,
        ["remotePeer"] = step.Peer?.ToString(),
        ["message"] = step.Message is { } message ? Name(message) : null,
        ["closer"] = step.Closer.Count > 0 ? JsonValues.Texts(step.Closer.Select(peer => peer.Peer)) : null,
        ["providers"] = step.Providers.Count > 0 ? JsonValues.Texts(step.Providers.Select(peer => peer.Peer)) : null,
        ["value"] = step.Value is { } value ? JsonValues.Hex(value.Span) : null,
        ["error"] = step.Error,
    });

    // SendQuery becomes SEND_QUERY.
    private static string Name<T>(T value)
        where T : struct, Enum => WordStart().Replace(value.ToString(), "_").ToUpperInvariant();

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])")]
    private static partial Regex WordStart();
}

using System.Text.Json.Nodes;

namespace P2PMiner.Peer.Commands;

/// <summary>What a command came to.</summary>
/// <param name="Fields">For the result line.</param>
/// <param name="Error">Null if it succeeded.</param>
internal sealed record CommandResult(JsonObject Fields, string? Error = null);

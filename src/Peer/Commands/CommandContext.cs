using System.Text.Json.Nodes;

namespace P2PMiner.Peer.Commands;

/// <summary>One command under way.</summary>
/// <param name="Peer">The host.</param>
/// <param name="Output">For events.</param>
/// <param name="Id">The command's id, or null.</param>
/// <param name="Arguments">Its fields.</param>
/// <param name="Cancellation">Cancelled when its time is over.</param>
internal sealed record CommandContext(PeerHost Peer, JsonLines Output, JsonNode? Id, Arguments Arguments, CancellationToken Cancellation);

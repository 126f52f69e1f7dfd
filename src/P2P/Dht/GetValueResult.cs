using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>The outcome of <see cref="KademliaDht.GetValueAsync"/> (libp2p/specs, kad-dht/README.md, "Value retrieval").</summary>
/// <param name="Value">The best valid value, or null if there is none.</param>
/// <param name="From">Who had it; our own id for the local copy.</param>
/// <param name="Stats">What it took.</param>
/// <param name="Correction">Ends when the closest peers that had a worse value, or none, have been sent the best one. Never fails.</param>
public sealed record GetValueResult(ReadOnlyMemory<byte>? Value, PeerId? From, DhtStats Stats, Task Correction);

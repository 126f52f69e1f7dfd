using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Storage;

/// <summary>A value that we keep.</summary>
/// <param name="Value">The value.</param>
/// <param name="From">Who put it here.</param>
/// <param name="Received">When.</param>
internal sealed record StoredRecord(ReadOnlyMemory<byte> Value, PeerId From, DateTimeOffset Received);

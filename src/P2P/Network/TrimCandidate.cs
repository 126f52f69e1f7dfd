namespace P2PMiner.P2P.Network;

/// <summary>What counts when a connection has to go.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Value">The sum of its peer's tags.</param>
/// <param name="IsSurplus">The peer has a better connection.</param>
internal readonly record struct TrimCandidate(IPeerConnection Connection, int Value, bool IsSurplus);

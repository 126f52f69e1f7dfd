namespace P2PMiner.P2P.Network;

/// <summary>The rule by which connections make room for others.</summary>
internal static class Trimmer
{
    /// <summary>
    /// A surplus connection first; then the lowest value, the fewest streams, the youngest: who has been here longest has proved most.
    /// Connections within the grace period are not chosen.
    /// </summary>
    /// <returns>The connection to close, or null if none may go.</returns>
    internal static IPeerConnection? Choose(IEnumerable<TrimCandidate> candidates, DateTimeOffset now, TimeSpan grace) =>
        candidates
            .Where(candidate => now - candidate.Connection.Opened >= grace)
            .OrderByDescending(static candidate => candidate.IsSurplus)
            .ThenBy(static candidate => candidate.Value)
            .ThenBy(static candidate => candidate.Connection.StreamCount)
            .ThenByDescending(static candidate => candidate.Connection.Opened)
            .FirstOrDefault()
            .Connection;
}

namespace P2PMiner.P2P.Dht.Lookups;

/// <summary>The parameters of lookups (libp2p/specs, kad-dht/README.md, "Definitions").</summary>
/// <param name="K">Replication: how many closest peers are looked for.</param>
/// <param name="Alpha">Requests under way at once, over all paths.</param>
/// <param name="Paths">Disjoint paths, as far as there are peers to start from.</param>
internal sealed record LookupSettings(int K, int Alpha, int Paths)
{
    /// <summary>
    /// Requests of one lookup, in multiples of k. Honest networks need about four; more means that somebody keeps inventing closer peers.
    /// </summary>
    internal const int MaxRequests = 20;
}

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>For how long two engines are compared before the one is trusted.</summary>
/// <param name="Delay">Nothing is compared in the beginning, when memory and cores are needed for the first hashes.</param>
/// <param name="Duration">From then on.</param>
/// <param name="MinHashes">So many have to be equal, even if it takes longer.</param>
/// <param name="Time">Measures.</param>
public sealed record ShadowTrial(TimeSpan Delay, TimeSpan Duration, long MinHashes, TimeProvider Time)
{
    /// <summary>Some minutes at the start of a node.</summary>
    public static ShadowTrial OfNode(TimeProvider time) => new(TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(5), 200, time);
}

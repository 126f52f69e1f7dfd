namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>What engine <c>shadow</c> has compared since start.</summary>
/// <param name="Equal">Hashes that both engines gave.</param>
/// <param name="Different">Hashes in which they differed.</param>
/// <param name="Skipped">Hashes that were to be compared and were not, because earlier ones still waited.</param>
public readonly record struct ShadowCounts(long Equal, long Different, long Skipped);

using P2PMiner.Hardware;
using P2PMiner.Mining;

namespace P2PMiner.Bench;

/// <param name="Memory">Mode that is hashed in.</param>
/// <param name="Pairs">Alternating measurements of the hash rate.</param>
/// <param name="Duration">Of one measurement of one side.</param>
/// <param name="DatasetPairs">Alternating dataset builds; none in light mode.</param>
/// <param name="Starts">Starts of the node until its first hash.</param>
/// <param name="Output">Where the JSON goes.</param>
internal sealed record BenchSettings(MemoryMode Memory, int Pairs, TimeSpan Duration, int DatasetPairs, int Starts, string Output)
{
    /// <summary>Any key serves: RandomX costs the same under each.</summary>
    public Hash256 Key { get; } = Hash256.Zero;
}

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>How the machines of one thread share its processor.</summary>
/// <param name="Lanes">How many take turns, at least 1.</param>
/// <param name="Prefetch">How dataset lines are asked for ahead.</param>
internal readonly record struct LaneSettings(int Lanes, PrefetchKind Prefetch = PrefetchKind.Plain)
{
    /// <summary>Of all lines of the dataset.</summary>
    public const uint AllLines = Parameters.DatasetBaseSize - Parameters.ItemSize;

    /// <summary>A mask of dataset addresses. Others than <see cref="AllLines"/> give wrong hashes: with few lines a measurement shows what waiting costs.</summary>
    public uint LineMask { get; init; } = AllLines;

    /// <summary>The instruction of a lane's program before which the line of the lane before it is touched.</summary>
    public static int TouchIndex(RandomXVersion version) => version == RandomXVersion.V1 ? 64 : 96;

    /// <summary>The instruction before which the line of the lane before that one is fetched, which was touched meanwhile.</summary>
    public int FetchIndex(RandomXVersion version) => version == RandomXVersion.V2 ? 90 : Lanes < 4 ? 60 : 128;
}

using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>One way of hashing with a dataset, out of which a calibration chooses.</summary>
/// <param name="Name">As it is remembered and logged.</param>
/// <param name="Create">Makes a hasher of it.</param>
internal sealed record FullMachine(string Name, Func<RandomXDataset, PagePreference, IHasher> Create)
{
    private const int MaxLanes = 6;
    private const int UsualLanes = 3;

    /// <summary>The interpreter.</summary>
    public static FullMachine Interpreted { get; } = new("interpreted", (dataset, _) =>
    {
        DatasetItemSource source = new(dataset);
        return new InterpretedHasher(dataset.Key, source, isFull: true, source);
    });

    /// <summary>Generated code with the settings given.</summary>
    public static unsafe FullMachine Of(LaneSettings settings) => new(
        $"{settings.Lanes} {settings.Prefetch.ToString().ToLowerInvariant()}",
        (dataset, pages) =>
        {
            DatasetItemSource source = new(dataset);
            return LaneHasher.Create(
                dataset.Key, isFull: true, source,
                () => new CompiledVm(Managed.RandomXVersion.V1, settings, source.Memory, pages));
        });

    /// <summary>
    /// How many lanes are tried, at most. Two are tried everywhere: that they have no room may cost less than waiting does.
    /// </summary>
    /// <param name="cachePerThread">Bytes of the last cache that are one thread's, where the scratchpads of its lanes should have room; null when unknown.</param>
    public static int MostLanes(long? cachePerThread) => (int)Math.Clamp((cachePerThread ?? long.MaxValue) / Parameters.ScratchpadL3, 2, MaxLanes);

    /// <summary>What may be the fastest somewhere; what this machine cannot run is left out. The first one is good in most places.</summary>
    /// <param name="mostLanes">As <see cref="MostLanes"/>, or fewer where memory is short; at least 1.</param>
    /// <param name="canTouch">Whether touching is allowed: not where shadow stacks are on.</param>
    public static IReadOnlyList<LaneSettings> Candidates(int mostLanes, bool canTouch)
    {
        int[] several = [.. Enumerable.Range(2, mostLanes - 1).OrderBy(lanes => Math.Abs(lanes - UsualLanes))];
        IEnumerable<LaneSettings> Every(PrefetchKind prefetch) => several.Select(lanes => new LaneSettings(lanes, prefetch));
        return
        [
            .. canTouch ? Every(PrefetchKind.Touched) : [],
            .. Every(PrefetchKind.Batched),
            .. Every(PrefetchKind.Plain),
            new LaneSettings(1),
        ];
    }
}

using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>One way of hashing with a dataset, out of which a calibration chooses.</summary>
/// <param name="Name">As it is remembered and logged.</param>
/// <param name="Create">Makes a hasher of it.</param>
internal sealed record FullMachine(string Name, Func<RandomXDataset, PagePreference, IHasher> Create)
{
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

    /// <summary>What may be the fastest somewhere; what this machine cannot run is left out. The first one is good in most places.</summary>
    public static IReadOnlyList<FullMachine> Candidates()
    {
        LaneSettings[] anywhere = [new(4, PrefetchKind.Batched), new(2), new(1)];
        LaneSettings[] touched = [new(3, PrefetchKind.Touched), new(4, PrefetchKind.Touched)];
        return [.. (ShadowStack.IsOn ? anywhere : touched.Concat(anywhere)).Select(Of)];
    }
}

using System.Globalization;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine;

/// <summary>Makes the engine's machines one by one.</summary>
internal static unsafe class Machines
{
    /// <summary>Lanes, "b" or "t" behind them for their prefetches, and "m" behind that for rounding modes in MXCSR.</summary>
    /// <exception cref="BenchException">Something else.</exception>
    public static LaneSettings Parse(string text)
    {
        RoundingKind rounding = text.EndsWith('m') ? RoundingKind.Register : LaneSettings.BestRounding;
        string lanesAndPrefetch = text.TrimEnd('m');
        PrefetchKind prefetch = lanesAndPrefetch.EndsWith('t') ? PrefetchKind.Touched : lanesAndPrefetch.EndsWith('b') ? PrefetchKind.Batched : PrefetchKind.Plain;
        return int.TryParse(lanesAndPrefetch.TrimEnd('b', 't'), NumberStyles.None, CultureInfo.InvariantCulture, out int lanes) && lanes > 0
            ? new LaneSettings(lanes, prefetch) { Rounding = rounding }
            : throw new BenchException($"'{text}' is no machine: write lanes and, for other prefetches, b or t, and m for rounding modes in MXCSR, as in 4t or 4tm");
    }

    public static string Name(LaneSettings settings) =>
        $"{settings.Lanes} {settings.Prefetch.ToString().ToLowerInvariant()}{(settings.Rounding == LaneSettings.BestRounding ? "" : ", MXCSR")}";

    public static IHasher Full(RandomXVersion version, LaneSettings settings, RandomXDataset dataset, PagePreference pages)
    {
        DatasetItemSource source = new(dataset);
        return LaneHasher.Create(dataset.Key, isFull: true, source, () => new CompiledVm(version, settings, source.Memory, pages));
    }

    public static IHasher Light(RandomXVersion version, Memories memories, ItemCompiler items) => LaneHasher.Create(
        memories.Cache.Key, isFull: false, memories.Cache.Hold(),
        () => HybridVm.CreateLight(version, HybridVm.BestLanes(items, hasPart: false), memories.CacheMemory, items, memories.Pages));

    /// <summary>Reads the first items of a whole dataset, and computes the others.</summary>
    public static IHasher Hybrid(Memories memories, RandomXDataset dataset, int percentHeld)
    {
        int held = HybridVm.UsedItems((int)(dataset.ItemCount * (long)percentHeld / 100));
        HybridMemory both = new(memories.Cache, dataset);
        return LaneHasher.Create(dataset.Key, isFull: false, both, () => new HybridVm(
            RandomXVersion.V1, HybridVm.BestLanes(memories.Items, hasPart: held > 0), memories.CacheMemory, memories.Items, both.Held, held, memories.Pages));
    }
}

using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine;

/// <summary>Hash rates with and without a dataset, against librandomx.</summary>
internal static unsafe class HashRates
{
    private static readonly int[] PercentsHeld = [6, 12, 25, 40, 50, 60, 75, 90, 100];

    public static void MeasureFull(Report report, BenchSettings settings, Memories memories, int threads)
    {
        RandomXDataset dataset = memories.DatasetOf(settings);
        List<Contestant> contestants = [new("librandomx", () => RandomXVm.CreateFull(dataset, RandomXCpu.SupportedFlags, memories.Pages))];
        contestants.AddRange(settings.Machines
            .Select(Machines.Parse)
            .Where(lanes => lanes.Prefetch != PrefetchKind.Touched || !ShadowStack.IsOn)
            .Select(lanes => new Contestant(Machines.Name(lanes), () => Machines.Full(RandomXVersion.V1, lanes, dataset, memories.Pages))));
        LaneSettings two = new(2, ShadowStack.IsOn ? PrefetchKind.Batched : PrefetchKind.Touched);
        contestants.Add(new(
            $"rx/2, {Machines.Name(two)}", () => Machines.Full(RandomXVersion.V2, two, dataset, memories.Pages), IsCompared: false));
        Contest.Run(report, $"full, {Count.Of(threads)}, {dataset.PageKind.ToString().ToLowerInvariant()} pages", settings, threads, contestants);
    }

    /// <summary>With parts of the dataset; the first, without any, is what the others are compared with.</summary>
    public static void MeasureHybrid(Report report, BenchSettings settings, Memories memories, int threads)
    {
        RandomXDataset dataset = memories.DatasetOf(settings);
        List<Contestant> contestants =
            [new("light", () => Machines.Light(RandomXVersion.V1, memories, memories.Items))];
        contestants.AddRange(PercentsHeld.Select(percent => new Contestant(
            $"{percent} %", () => Machines.Hybrid(memories, dataset, percent))));
        Contest.Run(report, $"hybrid, {Count.Of(threads)}, {dataset.PageKind.ToString().ToLowerInvariant()} pages", settings, threads, contestants);
    }

    /// <summary>The first of the machines against the other miner, with all threads; both by the clock.</summary>
    public static void MeasureMiner(Report report, BenchSettings settings, Memories memories)
    {
        RandomXDataset dataset = memories.DatasetOf(settings);
        int threads = settings.Threads.Max();
        LaneSettings lanes = Machines.Parse(settings.Machines[0]);
        IHasher[] hashers = [.. Enumerable.Range(0, threads).Select(_ => Machines.Full(settings.Version, lanes, dataset, memories.Pages))];
        report.Add($"full, {(settings.Version == RandomXVersion.V1 ? "rx/0" : "rx/2")}, {Count.Of(threads)}, another miner", "H/s", Turns.Take(settings.Pairs,
        [
            (settings.Miner, () => OtherMiner.Measure(settings)),
            (Machines.Name(lanes), () => Contest.RateByClock(hashers, settings)),
        ]));
        foreach (IHasher hasher in hashers)
            hasher.Dispose();
    }

    public static void MeasureLight(Report report, BenchSettings settings, Memories memories, int threads)
    {
        List<Contestant> contestants =
        [
            new("librandomx", () => RandomXVm.CreateLight(memories.NativeCache, RandomXCpu.SupportedFlags, memories.Pages)),
            new("managed, AVX2", () => Machines.Light(RandomXVersion.V1, memories, memories.NarrowItems)),
        ];
        if (ItemCompiler.IsAvx512Supported)
            contestants.Add(new("managed, AVX-512", () => Machines.Light(RandomXVersion.V1, memories, memories.Items)));
        contestants.Add(new(
            "rx/2, managed", () => Machines.Light(RandomXVersion.V2, memories, memories.Items), IsCompared: false));
        Contest.Run(
            report, $"light, {Count.Of(threads)}, {memories.Cache.PageKind.ToString().ToLowerInvariant()} pages", settings, threads, contestants);
    }
}

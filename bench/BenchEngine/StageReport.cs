using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine;

/// <summary>Where one thread's time goes, and how much of it is waiting for memory.</summary>
internal static unsafe class StageReport
{
    private const int InputSize = 76;

    // So few lines of a dataset that they stay in the first cache.
    private const uint FewLines = (1 << 13) - Parameters.ItemSize;

    public static void MeasureFull(Report report, BenchSettings settings, Memories memories)
    {
        RandomXDataset dataset = memories.DatasetOf(settings);
        using DatasetItems all = dataset.Borrow(0, 1);
        fixed (byte* memory = all.Bytes)
        {
            foreach (string name in settings.Machines)
            {
                LaneSettings lanes = Machines.Parse(name);
                if (lanes.Prefetch == PrefetchKind.Touched && ShadowStack.IsOn)
                    continue;
                using CompiledVm vm = new(RandomXVersion.V1, lanes, memory, memories.Pages);
                string title = $"stages, full, {Machines.Name(lanes)}";
                Print(report, title, vm, settings);
                using CompiledVm hot = new(RandomXVersion.V1, lanes with { LineMask = FewLines }, memory, memories.Pages);
                IReadOnlyList<(string Name, IReadOnlyList<double> Values)> pairs = Turns.Take(
                    settings.Pairs, [("dataset", () => TimePerHash(vm, settings)), ("few lines", () => TimePerHash(hot, settings))]);
                double share = 1 - pairs[1].Values.Zip(pairs[0].Values, (few, whole) => few / whole).Median();
                report.Add($"{title}: waiting for the dataset", Report.Text($"{share:P1} of the time"), share);
            }
        }
    }

    public static void MeasureLight(Report report, BenchSettings settings, Memories memories)
    {
        foreach (int lanes in (ReadOnlySpan<int>)[1, HybridVm.BestLanes(memories.Items, hasPart: false)])
        {
            using HybridVm vm = HybridVm.CreateLight(RandomXVersion.V1, lanes, memories.CacheMemory, memories.Items, memories.Pages);
            Print(report, $"stages, light, {lanes} lanes", vm, settings);
        }
        MeasureItems(report, settings, memories);
    }

    // Items of one number need eight lines of the cache, all others eight each.
    private static void MeasureItems(Report report, BenchSettings settings, Memories memories)
    {
        using ItemCompiler single = ItemCompiler.CreateScalar(memories.Cache.Programs);
        foreach (ItemCompiler items in (ReadOnlySpan<ItemCompiler>)[single, memories.Items])
        {
            for (int batches = 1; batches <= ItemCompiler.Batches; batches++)
                MeasureItems(report, settings, memories, items, batches * items.BatchItems);
        }
    }

    private static void MeasureItems(Report report, BenchSettings settings, Memories memories, ItemCompiler items, int count)
    {
        IReadOnlyList<(string Name, IReadOnlyList<double> Values)> pairs = Turns.Take(
            settings.Pairs,
            [
                ("random", () => TimePerItem(memories, items, count, isSame: false)),
                ("same", () => TimePerItem(memories, items, count, isSame: true)),
            ]);
        double whole = pairs[0].Values.Median();
        double share = 1 - pairs[1].Values.Zip(pairs[0].Values, (few, all) => few / all).Median();
        report.Add($"{count} items at once", Report.Text($"{whole:0} ns per item"), whole);
        report.Add($"{count} items at once: waiting for the cache's memory", Report.Text($"{share:P1} of the time"), share);
    }

    private static double TimePerItem(Memories memories, ItemCompiler items, int count, bool isSame)
    {
        const int Rounds = 4000;
        Random random = new(1);
        uint[] numbers = new uint[count];
        using PagedBlock lines = PagedBlock.Allocate("items", count * Parameters.ItemSize, PagePreference.Normal);
        TimeSpan start = CurrentThread.ProcessorTime;
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < count; i++)
            {
                uint number = (uint)random.Next(RandomXLibrary.DatasetItemCount);
                numbers[i] = isSame ? 12345 : number;
            }
            items.Compute(memories.CacheMemory, numbers, lines.Address);
        }
        return (CurrentThread.ProcessorTime - start).TotalSeconds / Rounds / count * 1e9;
    }

    private static double TimePerHash(LaneMachine vm, BenchSettings settings)
    {
        byte[] inputs = new byte[vm.Lanes * InputSize];
        byte[] hashes = new byte[vm.Lanes * Hash256.Size];
        vm.Start(inputs);
        TimeSpan start = CurrentThread.ProcessorTime;
        TimeSpan elapsed;
        int count = 0;
        do
        {
            count += vm.Lanes;
            Contest.SetNonces(inputs, vm.Lanes, count);
            vm.Run();
            vm.FinishAndStart(hashes, inputs);
            elapsed = CurrentThread.ProcessorTime - start;
        }
        while (elapsed < settings.Slice / 2);
        return elapsed.TotalSeconds / count;
    }

    // Stages are timed by the clock: being put aside by the system counts, so this wants a quiet machine.
    private static void Print(Report report, string title, LaneMachine vm, BenchSettings settings)
    {
        TimePerHash(vm, settings);
        StageTimes times = new();
        vm.Times = times;
        double perHash = TimePerHash(vm, settings) * 1e9;
        vm.Times = null;
        HashStage[] stages = [.. Enum.GetValues<HashStage>().Where(stage => times[stage] > TimeSpan.Zero)];
        double sum = stages.Sum(stage => times[stage].TotalSeconds);
        foreach (HashStage stage in stages)
        {
            double share = times[stage].TotalSeconds / sum;
            report.Add($"{title}: {stage.ToString().ToLowerInvariant()}", Report.Text($"{share * perHash:0} ns, {share:P2}"), share * perHash);
        }
        report.Add($"{title}: whole hash", Report.Text($"{perHash:0} ns"), perHash);
    }
}

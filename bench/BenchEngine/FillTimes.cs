using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine;

/// <summary>How long caches and datasets take.</summary>
internal static unsafe class FillTimes
{
    // Of the dataset's 34 million items, per thread and measurement.
    private const int NativeItems = 1 << 17;
    private const int ManagedItems = 1 << 19;
    private const int ChunkItems = 1 << 14;

    /// <summary>Argon2 and superscalar programs of one key.</summary>
    public static void MeasureCaches(Report report, BenchSettings settings)
    {
        report.Add("cache", "s", Turns.Take(settings.Pairs,
        [
            ("librandomx", () => TimeOf(() => RandomXCache.Create(settings.Key, RandomXCpu.SupportedFlags, PagePreference.Auto).Dispose())),
            ("managed", () => TimeOf(() => ManagedCache.Create(settings.Key).Dispose())),
        ]));
    }

    /// <summary>Part of a dataset, into memory whose pages are there; told as the time of a whole one.</summary>
    public static void MeasureDatasets(Report report, BenchSettings settings, Memories memories, int threads)
    {
        using RandomXDataset dataset = RandomXDataset.Allocate(memories.Pages);
        using DatasetItems touched = dataset.BorrowForWriting(0, threads * ManagedItems);
        touched.Bytes.Fill(1);
        using ItemCompiler narrow = ItemCompiler.CreateForDatasets(memories.Cache.Programs, usesAvx512: false);
        using ItemCompiler wide = ItemCompiler.CreateForDatasets(memories.Cache.Programs);
        double Managed(ItemCompiler items) => Whole(ManagedItems, settings, threads, (first, count) =>
        {
            using DatasetItems chunk = dataset.BorrowForWriting(first, count);
            fixed (byte* destination = chunk.Bytes)
                items.Compute(memories.CacheMemory, (uint)first, count, destination);
        });
        List<(string, Func<double>)> sides =
        [
            ("librandomx", () => Whole(NativeItems, settings, threads, (first, count) => dataset.InitItems(memories.NativeCache, first, count))),
            ("managed, AVX2", () => Managed(narrow)),
        ];
        if (ItemCompiler.IsAvx512Supported)
            sides.Add(("managed, AVX-512", () => Managed(wide)));
        report.Add($"dataset, {Count.Of(threads)}", "s", Turns.Take(settings.Pairs, sides));
    }

    private static double Whole(int itemsPerThread, BenchSettings settings, int threads, Action<int, int> fill)
    {
        double[] seconds = Turns.OnThreads(threads, settings.Cpus, thread =>
        {
            for (int done = 0; done < itemsPerThread; done += ChunkItems)
                fill(thread * itemsPerThread + done, ChunkItems);
        });
        return seconds.Average() / itemsPerThread / threads * RandomXLibrary.DatasetItemCount;
    }

    private static double TimeOf(Action action)
    {
        TimeSpan start = CurrentThread.ProcessorTime;
        action();
        return (CurrentThread.ProcessorTime - start).TotalSeconds;
    }
}

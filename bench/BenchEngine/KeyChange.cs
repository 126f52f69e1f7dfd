using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Bench;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.Threads;

namespace P2PMiner.BenchEngine;

/// <summary>
/// How much of the full hash rate a change of the key costs the node's own key store and miner threads, with memory for the next
/// key's dataset beside the current one's, without, and with its file on the disk instead, also with some memory to spare for that: until
/// all threads hash with the new dataset, and besides in the seconds after that. The next key is known before and its cache is there; what
/// it costs to make all that before is not counted.
/// </summary>
internal static class KeyChange
{
    /// <summary>Where the next key's dataset is before the change.</summary>
    private enum Place
    {
        Memory,
        Nowhere,
        Disk,
        DiskAndSpareMemory,
    }

    /// <summary>What a machine may have to spare beside one dataset; two of them need four times as much.</summary>
    private const long SpareBytes = 512L << 20;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    // Threads that have begun again need some 20 ms for their first hashes.
    private static readonly TimeSpan FirstHashes = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public static async Task MeasureAsync(Report report, BenchSettings settings, HardwareInfo hardware)
    {
        foreach (Place next in Enum.GetValues<Place>())
        {
            (double AtChange, double WithAfter)[] lost = await LostSecondsAsync(settings, hardware, next);
            double[] atChange = [.. lost.Select(change => change.AtChange)];
            report.Add(
                next switch
                {
                    Place.Memory => "key change, two datasets",
                    Place.Disk => "key change, one dataset, a file",
                    Place.DiskAndSpareMemory => "key change, one dataset, a file, 512 MiB to spare",
                    _ => "key change, one dataset",
                },
                Report.Text($"{Seconds(atChange)} of the full rate lost, with the {Window.TotalSeconds:0} s after the change {Seconds([.. lost.Select(change => change.WithAfter)])}"),
                atChange.Median());
        }
    }

    private static string Seconds(double[] lost) => Report.Text($"{lost.Median():0.00} s ({string.Join(", ", lost.Select(seconds => Report.Text($"{seconds:0.00}")))})");

    private static async Task<(double AtChange, double WithAfter)[]> LostSecondsAsync(BenchSettings settings, HardwareInfo hardware, Place place)
    {
        DirectoryInfo? directory = place is Place.Disk or Place.DiskAndSpareMemory ? Directory.CreateDirectory("artifacts/bench-datasets") : null;
        try
        {
            return await LostSecondsAsync(settings, hardware, place, directory?.FullName);
        }
        finally
        {
            directory?.Delete(recursive: true);
        }
    }

    private static async Task<(double AtChange, double WithAfter)[]> LostSecondsAsync(
        BenchSettings settings, HardwareInfo hardware, Place place, string? directory)
    {
        ThreadPlan plan = ThreadPlanner.Plan(hardware, new ThreadRequest(settings.Threads.Max()));
        ManagedEngine engine = new(new ManagedEngineOptions { Threads = plan.Threads.Count });
        await using KeyStore keys = new(
            new KeyStoreOptions
            {
                Memory = MemoryMode.Full,
                PrepareNextDataset = place == Place.Memory,
                DatasetCacheDirectory = directory,
                IsDatasetCacheAutomatic = true,
                SpareBytes = place == Place.DiskAndSpareMemory ? SpareBytes : 0,
                Pages = settings.Pages[0],
                Engine = engine,
                BuilderThreads = settings.Cpus.Count,
                Nodes = [new NumaNodeCpus(0, settings.Cpus)],
            },
            TimeProvider.System, NullLogger<KeyStore>.Instance);
        await using Miner miner = new(plan, keys, new MinerOptions(LowPriority: false), TimeProvider.System, NullLogger<Miner>.Instance);
        miner.Start();
        keys.SetKeys(KeyOf(0), next: null);
        miner.SetJob(BenchJob.Of(KeyOf(0), 0));
        var lost = new (double AtChange, double WithAfter)[settings.Pairs];
        for (int change = 0; change < lost.Length; change++)
            lost[change] = await LostSecondsAsync(keys, miner, change, place);
        return lost;
    }

    private static async Task<(double AtChange, double WithAfter)> LostSecondsAsync(KeyStore keys, Miner miner, int change, Place place)
    {
        (Hash256 old, Hash256 next) = (KeyOf(change), KeyOf(change + 1));
        await UntilAsync(() => IsReady(keys, old));

        // The next one is made at low priority; nobody waits for it here.
        miner.SetPaused(true);
        keys.SetKeys(old, next);
        await UntilAsync(() => IsReady(keys, next, place));
        miner.SetPaused(false);
        await UntilAsync(() => miner.FullThreadCount == miner.ThreadCount);
        double before = await RateAsync(miner);
        long hashes = miner.TotalHashes;
        long start = Stopwatch.GetTimestamp();
        keys.SetKeys(next, next: null);
        miner.SetJob(BenchJob.Of(next, change + 1));
        await UntilAsync(() => IsReady(keys, next) && miner.FullThreadCount == miner.ThreadCount && miner.LastSwitchLatency is not null);
        await Task.Delay(FirstHashes);
        (double Seconds, long Hashes) atChange = (Stopwatch.GetElapsedTime(start).TotalSeconds, miner.TotalHashes - hashes);
        await Task.Delay(Window);
        (double Seconds, long Hashes) withAfter = (Stopwatch.GetElapsedTime(start).TotalSeconds, miner.TotalHashes - hashes);
        double rate = (before + await RateAsync(miner)) / 2;
        return (atChange.Seconds - atChange.Hashes / rate, withAfter.Seconds - withAfter.Hashes / rate);
    }

    private static bool IsReady(KeyStore keys, Hash256 key, Place place = Place.Memory) =>
        keys.Status.Keys.FirstOrDefault(status => status.Key == key) is { } status && place switch
        {
            Place.Memory => status.Dataset == DatasetState.Ready,
            Place.Disk or Place.DiskAndSpareMemory => status.IsKept,
            _ => status.Cache == CacheState.Ready,
        };

    private static async Task<double> RateAsync(Miner miner)
    {
        long hashes = miner.TotalHashes;
        long start = Stopwatch.GetTimestamp();
        await Task.Delay(Window);
        return (miner.TotalHashes - hashes) / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        long start = Stopwatch.GetTimestamp();
        while (!isSo())
        {
            if (Stopwatch.GetElapsedTime(start) > Limit)
                throw new BenchException("no dataset after ten minutes; is there memory for two?");
            await Task.Delay(10);
        }
    }

    private static Hash256 KeyOf(int number)
    {
        Span<byte> key = stackalloc byte[Hash256.Size];
        key.Fill((byte)(number + 1));
        return new Hash256(key);
    }
}

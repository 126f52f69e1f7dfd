using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Bench;

/// <summary>Time to allocate and compute a whole dataset on all CPUs, from a cache that is ready.</summary>
internal static class DatasetBuild
{
    public static void Measure(Report report, HardwareInfo hardware, Hash256 key, int pairs)
    {
        KeyStatus last = BuildOnce(hardware, key);
        using CLoop cLoop = CLoop.Start(
            key, hardware.LogicalCpus.Select(cpu => cpu.Id), RandomXCpu.SupportedFlags, MemoryMode.Full, last.Pages());
        report.Add(
            "dataset build",
            "s",
            Pairs.Alternate(
                pairs,
                () => BuildOnce(hardware, key).DatasetTime!.Value.TotalSeconds,
                cLoop.BuildDataset,
                pair => Console.WriteLine(Report.Text($"dataset build: p2p-miner {pair.P2PMiner:0.00} s, C loop {pair.CLoop:0.00} s"))),
            "<= 1.02");
    }

    private static KeyStatus BuildOnce(HardwareInfo hardware, Hash256 key)
    {
        (KeyStore store, KeyStatus made) = Keys.MakeAsync(hardware, key, MemoryMode.Full).GetAwaiter().GetResult();
        store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return made;
    }
}

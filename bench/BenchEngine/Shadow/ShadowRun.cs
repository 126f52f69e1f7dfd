using System.Diagnostics;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine.Shadow;

/// <summary>
/// Hashes very many inputs under many keys with librandomx and with engine managed in all its ways, and compares. Takes hours on a
/// busy machine, so it keeps what it has done and goes on there.
/// </summary>
/// <param name="settings">Threads, CPUs and pages.</param>
/// <param name="state">Where it goes on.</param>
/// <param name="path">Of the state.</param>
internal sealed class ShadowRun(BenchSettings settings, ShadowState state, string path)
{
    /// <summary>Blocks between two writings of the state.</summary>
    private const int PortionBlocks = 12;

    private readonly int _firstBlock = state.BlocksDone;
    private readonly double _earlierSeconds = state.Seconds;
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <exception cref="BenchException">Hashes differed; all of them are told.</exception>
    public void Run()
    {
        using RandomXDataset scratch = RandomXDataset.Allocate(PagePreference.Normal);
        for (int key = state.BlocksDone / state.BlocksPerKey; key < state.Keys; key++)
            RunKey(key, scratch);
        Console.WriteLine(Report.Text($"compared in {state.Seconds / 3600:0.00} hours:"));
        foreach ((string way, long count) in state.Compared)
            Console.WriteLine(Report.Text($"  {way}: {count:N0}"));
        Console.WriteLine($"{state.DifferenceCount} differences; all of it: {path}");
        if (state.DifferenceCount > 0)
            throw new BenchException($"{state.DifferenceCount} hashes differ: see {path}");
    }

    private void RunKey(int key, RandomXDataset scratch)
    {
        using Memories memories = new(ShadowInputs.Key(key), settings.Pages[0]);
        RandomXDataset dataset = memories.DatasetOf(settings);
        if (state.BlocksDone % state.BlocksPerKey == 0)
        {
            ShadowSamples samples = new(memories, dataset, key, state);
            samples.CompareItems(scratch);
            samples.CompareHashes();
        }
        ShadowWorker[] workers = [.. Enumerable.Range(0, settings.Threads.Max()).Select(_ => new ShadowWorker(memories, dataset, key))];
        try
        {
            int end = (key + 1) * state.BlocksPerKey;
            while (state.BlocksDone < end)
            {
                int until = Math.Min(end, state.BlocksDone + PortionBlocks);
                RunPortion(memories.Cache.Key.ToArray(), workers, until);
                state.BlocksDone = until;
                state.Seconds = _earlierSeconds + Stopwatch.GetElapsedTime(_start).TotalSeconds;
                state.Save(path);
                Tell(key);
            }
        }
        finally
        {
            foreach (ShadowWorker worker in workers)
                worker.Dispose();
        }
    }

    // Not pinned: it runs beside other programs, which would hold up the one thread that shares their CPU.
    private void RunPortion(byte[] key, ShadowWorker[] workers, int until)
    {
        int next = state.BlocksDone - 1;
        Lock gate = new();
        Task[] tasks = [.. workers.Select(worker => Task.Factory.StartNew(
            () =>
            {
                int block;
                while ((block = Interlocked.Increment(ref next)) < until)
                {
                    worker.Hash(block, (way, input, expected, got, findWhere) =>
                    {
                        lock (gate)
                            state.Count(way, key, input, expected, got, findWhere);
                    });
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WaitAll(tasks);
    }

    private void Tell(int key)
    {
        int total = state.Keys * state.BlocksPerKey;
        double elapsed = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        TimeSpan left = TimeSpan.FromSeconds(elapsed / (state.BlocksDone - _firstBlock) * (total - state.BlocksDone));
        double rate = (state.BlocksDone - _firstBlock) * (double)ShadowInputs.BlockInputs / elapsed;
        Console.WriteLine(Report.Text(
            $"key {key + 1} of {state.Keys}: {(long)state.BlocksDone * ShadowInputs.BlockInputs:N0} of {(long)total * ShadowInputs.BlockInputs:N0} inputs, {state.DifferenceCount} differences, {rate:0} inputs/s, {left:h\\:mm\\:ss} left"));
    }
}

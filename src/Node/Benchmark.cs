using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.Threads;
using P2PMiner.Node.Api;
using P2PMiner.Node.Cli;
using P2PMiner.Node.Configuration;
using KeyStatus = P2PMiner.Mining.RandomX.KeyStatus;

namespace P2PMiner.Node;

/// <summary><c>p2p-miner bench</c>: the engine of a node on a job that has no hits.</summary>
internal static class Benchmark
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Prepares memory, then counts hashes for the time asked for.</summary>
    /// <exception cref="UsageException">The machine cannot do what the options ask for.</exception>
    public static async Task<BenchResult> RunAsync(BenchOptions options, IProgress<BenchProgress> progress, CancellationToken cancel)
    {
        TimeProvider time = TimeProvider.System;
        EngineSelection.BeginProof(options.Node.Engine);
        HardwareReport machine = HardwareReport.Read(options.Node);
        if (!machine.MemoryPlan.Fits)
            throw new UsageException(machine.MemoryPlan.Reason);
        BenchJob job = BenchJob.Create();
        await using MiningEngine engine = MiningEngine.Create(options.Node, machine, time, NullLoggerFactory.Instance, firstKey: job.Key);
        Miner miner = engine.Miner;
        miner.SetJob(job);
        miner.Start();

        await WaitWithProgress(miner.FirstHash, () => new BenchProgress("cache", 0, null), progress, time, cancel);
        double firstHashSeconds = (time.GetUtcNow() - ProcessStart.Time).TotalSeconds;
        while (engine.Memory != MemoryMode.Light && miner.FullThreadCount < miner.ThreadCount)
        {
            KeyStatus key = engine.Keys.Status.Keys[0];
            // A part that makes nothing faster was given up.
            if (key.Dataset == DatasetState.Failed && engine.Memory == MemoryMode.Hybrid)
                break;
            if (key.Dataset == DatasetState.Failed)
                throw new InsufficientMemoryException("the dataset could not be made; use --memory light, or free memory");
            await WaitWithProgress(
                Task.Delay(ProgressInterval, time, cancel), () => new BenchProgress("dataset", key.Progress.Fraction, null), progress, time, cancel);
        }

        long start = time.GetTimestamp();
        long before = miner.TotalHashes;
        double Elapsed() => time.GetElapsedTime(start).TotalSeconds;
        await WaitWithProgress(
            Task.Delay(options.Duration, time, cancel),
            () => new BenchProgress("hashing", Elapsed() / options.Duration.TotalSeconds, (miner.TotalHashes - before) / Elapsed()),
            progress, time, cancel);
        long hashes = miner.TotalHashes - before;
        double seconds = Elapsed();

        KeyStatus memory = engine.Keys.Status.Keys[0];
        bool isFull = engine.Memory != MemoryMode.Light && memory.Dataset == DatasetState.Ready;
        return new BenchResult(
            options.Node.Algorithm, engine.Keys.Engine.Name, OptionText.Memory(isFull ? engine.Memory : MemoryMode.Light),
            OptionText.Pages((isFull ? memory.DatasetPages : memory.CachePages)!.Value), miner.ThreadCount, hashes / seconds, hashes,
            seconds, memory.CacheTime!.Value.TotalSeconds, memory.DatasetTime?.TotalSeconds, firstHashSeconds);
    }

    private static async Task WaitWithProgress(
        Task task, Func<BenchProgress> read, IProgress<BenchProgress> progress, TimeProvider time, CancellationToken cancel)
    {
        while (await Task.WhenAny(task, Task.Delay(ProgressInterval, time, cancel)) != task)
        {
            cancel.ThrowIfCancellationRequested();
            progress.Report(read());
        }
        await task;
    }

    /// <summary>A job of the usual form and size whose difficulty nothing meets.</summary>
    private sealed class BenchJob : Job
    {
        public override JobSource Source => JobSource.Chain;

        public static BenchJob Create() => new()
        {
            Id = "bench",
            Key = Hash256.Zero,
            Height = 1,
            ShareDifficulty = UInt128.MaxValue,
            NetworkDifficulty = UInt128.MaxValue,
        };

        public override int WriteHashingBlob(ulong extraNonce, Span<byte> destination, out int nonceOffset)
        {
            Span<byte> root = stackalloc byte[Hash256.Size];
            BitConverter.TryWriteBytes(root, extraNonce);
            return new HashingBlob(1, 0, Timestamp: 1_767_225_600, Hash256.Zero, new Hash256(root), 1).Write(0, destination, out nonceOffset);
        }
    }
}

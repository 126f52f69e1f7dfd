using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.Threads;

namespace P2PMiner.Bench;

/// <summary>p2p-miner's side: the miner threads and the key store that the node runs, hashing a job that nothing meets.</summary>
internal sealed class MinerSide : IAsyncDisposable
{
    // Threads that rest look for work every 20 ms; a hash in flight ends within a few.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(200);

    private readonly ManualResetEventSlim _never = new(false);
    private readonly KeyStore _keys;
    private readonly Miner _miner;
    private readonly Hash256 _key;
    private int _jobs;

    private MinerSide(KeyStore keys, Miner miner, Hash256 key)
    {
        _keys = keys;
        _miner = miner;
        _key = key;
    }

    /// <summary>The pages of what is hashed with: the dataset in full memory, else the cache.</summary>
    public required PageKind Pages { get; init; }

    /// <summary>Bytes that the whole process allocated while hashing, over all measurements.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Hashes of all measurements.</summary>
    public long Hashes { get; private set; }

    /// <summary>Returns when every thread hashes in the wanted mode, and rests.</summary>
    public static async Task<MinerSide> StartAsync(HardwareInfo hardware, ThreadPlan plan, Hash256 key, MemoryMode memory)
    {
        (KeyStore keys, KeyStatus made) = await Keys.MakeAsync(hardware, key, memory);
        var miner = new Miner(
            plan, keys, new MinerOptions(LowPriority: false), TimeProvider.System, NullLogger<Miner>.Instance);
        miner.Start();
        miner.SetJob(BenchJob.Of(key, 0));
        await miner.FirstHash;
        miner.SetPaused(true);
        return new MinerSide(keys, miner, key) { Pages = made.Pages() };
    }

    /// <summary>Hashes per second over <paramref name="duration"/>; the threads rest before and afterwards.</summary>
    public double Hash(TimeSpan duration)
    {
        _miner.SetPaused(false);
        Rest(Settle);
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long hashes = _miner.TotalHashes;
        long began = Stopwatch.GetTimestamp();
        Rest(duration);
        hashes = _miner.TotalHashes - hashes;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        AllocatedBytes += GC.GetTotalAllocatedBytes(precise: true) - allocated;
        Hashes += hashes;
        _miner.SetPaused(true);
        Rest(Settle);
        return hashes / elapsed.TotalSeconds;
    }

    /// <summary>Bytes that the process allocates in <paramref name="duration"/> while the threads rest: what is not for hashes.</summary>
    public long AllocatedAtRest(TimeSpan duration)
    {
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        Rest(duration);
        return GC.GetTotalAllocatedBytes(precise: true) - allocated;
    }

    /// <summary>Sets new jobs while all threads hash; returns for each how long the slowest thread took to change over.</summary>
    public TimeSpan[] SwitchJobs(int count)
    {
        _miner.SetPaused(false);
        Rest(Settle);
        var latencies = new TimeSpan[count];
        for (int i = 0; i < count; i++)
        {
            // Uneven, so that switches fall on every moment of a hash.
            Rest(TimeSpan.FromMilliseconds(20 + i * 7 % 31));
            _miner.SetJob(BenchJob.Of(_key, ++_jobs));
            TimeSpan? latency;
            while ((latency = _miner.LastSwitchLatency) is null)
                Rest(TimeSpan.FromMilliseconds(1));
            latencies[i] = latency.Value;
        }
        _miner.SetPaused(true);
        return latencies;
    }

    public async ValueTask DisposeAsync()
    {
        await _miner.DisposeAsync();
        await _keys.DisposeAsync();
        _never.Dispose();
    }

    private void Rest(TimeSpan duration) => _never.Wait(duration);
}

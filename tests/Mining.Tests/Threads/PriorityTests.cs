using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.Threads;

namespace P2PMiner.Mining.Tests.Threads;

/// <summary>What the system thinks of the threads that hash.</summary>
[TestFixture]
public sealed class PriorityTests
{
    private const int Lowest = 19;

    private static readonly Hash256 Key = new([.. Enumerable.Repeat((byte)1, 32)]);

    [Test]
    public async Task Threads_MakeWayForTheDatasetTheyWaitFor_AndNotAnyLonger()
    {
        await MineAsync(hasQuota: false, (_, deadline) => UntilAsync(() => NiceValues().Contains(Lowest), deadline));
    }

    [Test]
    public async Task Threads_RestWhileTheyWaitForTheDataset_WhereThereIsAQuota()
    {
        await MineAsync(hasQuota: true, async (miner, deadline) =>
        {
            long hashes;
            do
            {
                hashes = miner.TotalHashes;
                await Task.Delay(TimeSpan.FromSeconds(1), deadline);
            }
            while (hashes == 0 || miner.TotalHashes != hashes);
            Assert.That(NiceValues(), Does.Not.Contain(Lowest));
        });
    }

    /// <summary>Has a thread hash, first while its dataset is held up, then with it.</summary>
    private static async Task MineAsync(bool hasQuota, Func<Miner, CancellationToken, Task> whileItWaits)
    {
        Assume.That(OperatingSystem.IsLinux());
        using CancellationTokenSource deadline = new(TimeSpan.FromMinutes(5));
        using ManualResetEventSlim begin = new();
        KeyStoreOptions options = new() { Memory = MemoryMode.Full, BuilderThreads = 1, Supplier = new Brake(begin, deadline.Token) };
        await using KeyStore keys = new(options, TimeProvider.System, NullLogger.Instance, DatasetWorkers.ChunkItems);
        ThreadPlan plan = new([new PlannedThread(0, 0)], "one thread");
        MinerOptions threads = new(Pin: false, LowPriority: false, HasQuota: hasQuota);
        await using Miner miner = new(plan, keys, threads, TimeProvider.System, NullLogger<Miner>.Instance);
        keys.SetKeys(Key, null);
        miner.SetJob(TestJob.Create(0, Key, share: LightStart.Hardest + 1));
        miner.Start();
        await whileItWaits(miner, deadline.Token);
        begin.Set();
        await UntilAsync(() => miner.FullThreadCount == 1, deadline.Token);
        await UntilAsync(() => !NiceValues().Contains(Lowest), deadline.Token);
        Assert.That(NiceValues(), Has.Length.EqualTo(1));
        long hashes = miner.TotalHashes;
        await UntilAsync(() => miner.TotalHashes > hashes, deadline.Token);
    }

    /// <summary>Of all threads that hash, from <c>/proc/self/task/TID/stat</c> (proc(5), field 19).</summary>
    private static int[] NiceValues()
    {
        List<int> values = [];
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            string stat;
            try
            {
                stat = File.ReadAllText(Path.Combine(task, "stat"));
            }
            catch (IOException)
            {
                // It has ended meanwhile.
                continue;
            }
            if (stat.Contains("(miner ", StringComparison.Ordinal))
                values.Add(int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture));
        }
        return [.. values];
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken cancellation)
    {
        while (!condition())
            await Task.Delay(10, cancellation);
    }

    /// <summary>Holds the computation of a dataset up.</summary>
    private sealed class Brake(ManualResetEventSlim begin, CancellationToken cancellation) : IChunkSupplier
    {
        public Task SupplyAsync(ChunkIntake intake, CancellationToken ended)
        {
            begin.Wait(cancellation);
            return Task.CompletedTask;
        }
    }
}

using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.Tests.RandomX.Engines;
using P2PMiner.Mining.Threads;

namespace P2PMiner.Mining.Tests.Threads;

public sealed class MinerMemoryTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    [Test]
    public async Task Thread_ThatFindsNoMemoryAtAKeyChange_GoesOnWhenThereIsSome()
    {
        using CancellationTokenSource deadline = new(Deadline);
        ControlledEngine engine = new(new ManagedEngine());
        KeyStoreOptions options = new() { Memory = MemoryMode.Light, BuilderThreads = 1, Engine = engine };
        await using KeyStore keys = new(options, TimeProvider.System, NullLogger<KeyStore>.Instance);
        await using Miner miner = new(
            new ThreadPlan([new PlannedThread(0, 0)], "one thread"), keys, new MinerOptions(Pin: false, LowPriority: false), TimeProvider.System,
            NullLogger<Miner>.Instance);
        Hash256 first = new([.. Enumerable.Repeat((byte)1, Hash256.Size)]);
        Hash256 second = new([.. Enumerable.Repeat((byte)2, Hash256.Size)]);
        keys.SetKeys(first, second);
        miner.Start();
        miner.SetJob(TestJob.Create(0, first));
        await miner.Hits.ReadAsync(deadline.Token);
        await keys.WaitForCacheAsync(second, deadline.Token);

        engine.IsMemoryShort = true;
        miner.SetJob(TestJob.Create(1, second));
        while (engine.Refused < 3)
            await Task.Delay(5, deadline.Token);
        engine.IsMemoryShort = false;
        Hit hit;
        do
            hit = await miner.Hits.ReadAsync(deadline.Token);
        while (hit.Job.Key != second);
    }
}

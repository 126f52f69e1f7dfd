using System.Diagnostics;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests;

/// <summary>Tells when the thread pool has come to rest, so that a test on a manual clock moves it only when nothing more happens by itself.</summary>
[SetUpFixture]
public sealed class PoolRest
{
    /// <summary>Threads of the pool that block for as long as the test runner runs.</summary>
    private static int _runners;

    [OneTimeSetUp]
    public async Task CountTheRunnersThreads()
    {
        const int Samples = 50;
        int fewest = int.MaxValue;
        for (int i = 0; i < Samples; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10));
            fewest = Math.Min(fewest, OtherWorkers());
        }
        _runners = fewest;
    }

    /// <summary>Waits until the thread pool has nothing queued and runs nothing but the caller, however slow the machine is.</summary>
    public static async Task SettleAsync()
    {
        const int QuietRounds = 3;
        var watch = Stopwatch.StartNew();
        for (int quiet = 0; quiet < QuietRounds; quiet++)
        {
            await Task.Yield();
            if (ThreadPool.PendingWorkItemCount > 0 || OtherWorkers() > _runners)
            {
                quiet = -1;
                Thread.Yield();
            }
            if (watch.Elapsed > Wait.Deadline)
                Assert.Fail($"after {Wait.Deadline.TotalSeconds} s: {ThreadPool.PendingWorkItemCount} items queued, {OtherWorkers()} other threads at work");
        }
    }

    /// <summary>Threads of the pool at work, without the one that asks.</summary>
    private static int OtherWorkers()
    {
        ThreadPool.GetMaxThreads(out int most, out _);
        ThreadPool.GetAvailableThreads(out int free, out _);
        return most - free - 1;
    }
}

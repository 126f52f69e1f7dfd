using System.Diagnostics;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>Waits with a deadline: a test that would hang fails and says for what it waited.</summary>
public static class Wait
{
    /// <summary>Far above what anything under test needs, so that a busy machine fails no test.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > Deadline)
                Assert.Fail($"after {Deadline.TotalSeconds} s: no {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }
    }

    /// <summary>Moves the clock in steps until the condition holds.</summary>
    public static async Task UntilAsync(ManualTime time, TimeSpan step, Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > Deadline)
                Assert.Fail($"after {Deadline.TotalSeconds} s: no {what}");
            await time.AdvanceAsync(step);
        }
    }

    public static Task InTime(this Task task) => task.WaitAsync(Deadline);

    public static Task<T> InTime<T>(this Task<T> task) => task.WaitAsync(Deadline);

    public static Task InTime(this ValueTask task) => task.AsTask().WaitAsync(Deadline);

    public static Task<T> InTime<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Deadline);
}

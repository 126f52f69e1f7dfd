using System.Diagnostics;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>Waiting for what other threads do, on a machine that may be busy.</summary>
internal static class Wait
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns when the condition holds; fails the test when it never does.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Longest)
                throw new AssertionException($"it never happened: {what}");
            await Task.Delay(Look);
        }
    }
}

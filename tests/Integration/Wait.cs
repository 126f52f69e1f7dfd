using System.Diagnostics;

namespace P2PMiner.Integration.Tests;

/// <summary>Waiting for what other processes do, on a machine that may be busy.</summary>
internal static class Wait
{
    /// <summary>What takes longer does not happen any more: far beyond what a machine with ten times as much to do needs.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when the condition holds.</summary>
    /// <param name="condition">Asked again and again.</param>
    /// <param name="explain">Everything that helps to understand why it does not hold.</param>
    /// <exception cref="MachineException">It never held.</exception>
    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> explain)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Longest)
                throw new MachineException($"it never happened: {explain()}");
            await Task.Delay(Look);
        }
    }
}

using System.Diagnostics;

namespace P2PMiner.Node;

/// <summary>When the operating system started this process: what a user who waits for the first hash counts from.</summary>
internal static class ProcessStart
{
    public static DateTimeOffset Time
    {
        get
        {
            using Process process = Process.GetCurrentProcess();
            return process.StartTime;
        }
    }
}

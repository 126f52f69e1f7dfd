using System.Diagnostics;
using System.Runtime.InteropServices;

namespace P2PMiner.Peer.Commands;

/// <summary>Commands on this process.</summary>
internal static class ProcessCommands
{
    public static void Info(CommandContext c)
    {
        using var process = Process.GetCurrentProcess();
        c.Set("peerId", c.Peer.Host.Id.ToString());
        c.Set("addrs", JsonValues.Texts(c.Peer.Host.Addresses));
        c.Set("rss", process.WorkingSet64);
        c.Set("cpuMs", process.TotalProcessorTime.TotalMilliseconds);
        c.Set("runtime", RuntimeInformation.FrameworkDescription);
    }
}

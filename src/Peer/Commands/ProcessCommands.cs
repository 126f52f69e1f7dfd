using System.Diagnostics;
using System.Runtime.InteropServices;

namespace P2PMiner.Peer.Commands;

/// <summary>Commands on this process.</summary>
internal static class ProcessCommands
{
    public static Task<CommandResult> InfoAsync(CommandContext c)
    {
        using var process = Process.GetCurrentProcess();
        return Task.FromResult(new CommandResult(new()
        {
            ["peerId"] = c.Peer.Host.Id.ToString(),
            ["addrs"] = JsonValues.Texts(c.Peer.Host.Addresses),
            ["rss"] = process.WorkingSet64,
            ["cpuMs"] = process.TotalProcessorTime.TotalMilliseconds,
            ["runtime"] = RuntimeInformation.FrameworkDescription,
        }));
    }
}

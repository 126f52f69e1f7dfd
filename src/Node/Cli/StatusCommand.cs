using System.CommandLine;
using P2PMiner.Node.Api;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node.Cli;

/// <summary><c>status</c>: what a running node is doing.</summary>
internal static class StatusCommand
{
    public static readonly string[] Examples =
    [
        "p2p-miner status",
        "p2p-miner status --json | jq .hashrate.s60",
        "p2p-miner status --http 192.168.1.20:8420 --http-token token.txt",
    ];

    public static Command Create(CliServices services) => NodeQuery.Create(
        services, "status", "Show what a running node is doing.", StatusClient.GetStatusAsync, () => NodeJson.Default.NodeStatus,
        status => Report.Write(services.Output, services.IsTerminal, StatusReport.Of(status)));
}

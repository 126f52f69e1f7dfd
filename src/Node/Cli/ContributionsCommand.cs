using System.CommandLine;
using P2PMiner.Node.Api;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node.Cli;

/// <summary><c>contributions</c>: who did how much of the work of the share chain's last links.</summary>
internal static class ContributionsCommand
{
    public static readonly string[] Examples =
    [
        "p2p-miner contributions",
        "p2p-miner contributions --json | jq '.miners[] | {miner, part}'",
    ];

    public static Command Create(CliServices services) => NodeQuery.Create(
        services, "contributions", "Show who did how much of the work of the share chain's last links.", StatusClient.GetContributionsAsync,
        () => NodeJson.Default.ContributionReport, report => Write(services.Output, report));

    private static void Write(TextWriter output, ContributionReport report)
    {
        if (report.Miners.Count == 0)
        {
            output.WriteLine("The share chain has no links yet.");
            return;
        }
        List<string[]> rows = [["miner", "part", "links", "late", "work"]];
        rows.AddRange(report.Miners.Select(miner => (string[])
            [miner.Miner, Units.Percent(miner.Part), $"{miner.Links}", $"{miner.Uncles}", $"{miner.Weight}"]));
        NodeQuery.WriteTable(output, rows);
        output.WriteLine($"Of the last {report.Links} links and the {report.Uncles} late shares that they name.");
    }
}

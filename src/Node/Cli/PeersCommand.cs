using System.CommandLine;
using System.Text.Json;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node.Cli;

/// <summary><c>peers</c>: the other nodes of a running node's cluster.</summary>
internal static class PeersCommand
{
    public static readonly string[] Examples =
    [
        "p2p-miner peers",
        "p2p-miner peers --json | jq '.peers[].hashrate'",
    ];

    public static Command Create(CliServices services)
    {
        var command = new Command("peers", "Show the other nodes of the cluster that a running node sees.");
        var defined = new DefinedOptions(command, OptionDefinitions.Http, OptionDefinitions.HttpToken);
        Option<bool> json = CommonOptions.Json();
        command.Add(json);
        command.SetAction(async (parse, cancel) =>
        {
            NodeOptions options = defined.Resolve(parse, services).Options;
            if (options.Http is null)
                throw new UsageException("the HTTP API is off, so there is nobody to ask; say where a node listens with --http ADDR:PORT");
            BearerToken? token = options.HttpToken is string path ? BearerToken.Read(path) : null;
            PeerList list = await StatusClient.GetPeersAsync(options.Http, token, cancel);
            if (parse.GetValue(json))
                services.Output.WriteLine(JsonSerializer.Serialize(list, NodeJson.Default.PeerList));
            else
                Write(services.Output, list.Peers);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A row each, aligned; peers are named by others, so nothing of theirs may control the terminal.</summary>
    private static void Write(TextWriter output, IReadOnlyList<PeerStatus> peers)
    {
        if (peers.Count == 0)
        {
            output.WriteLine("No other node is there.");
            return;
        }
        List<string[]> rows = [["peer", "role", "hash rate", "memory", "threads", "chain", "address"]];
        rows.AddRange(peers.Select(peer => (string[])
        [
            peer.PeerId, peer.Role, Units.Hashrate(peer.Hashrate), peer.Memory, $"{peer.Threads}", $"{peer.Chain.Height}", peer.Address ?? "through others",
        ]));
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
            output.WriteLine(Logging.LogText.OneLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column])))).TrimEnd());
    }
}

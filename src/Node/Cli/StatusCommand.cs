using System.CommandLine;
using System.Text.Json;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;
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

    public static Command Create(CliServices services)
    {
        var command = new Command("status", "Show what a running node is doing.");
        var defined = new DefinedOptions(command, OptionDefinitions.Http, OptionDefinitions.HttpToken);
        Option<bool> json = CommonOptions.Json();
        command.Add(json);
        command.SetAction(async (parse, cancel) =>
        {
            NodeOptions options = defined.Resolve(parse, services).Options;
            if (options.Http is null)
                throw new UsageException("the HTTP API is off, so there is nobody to ask; say where a node listens with --http ADDR:PORT");
            BearerToken? token = options.HttpToken is string path ? BearerToken.Read(path) : null;
            NodeStatus status = await StatusClient.GetStatusAsync(options.Http, token, cancel);
            if (parse.GetValue(json))
                services.Output.WriteLine(JsonSerializer.Serialize(status, NodeJson.Default.NodeStatus));
            else
                Report.Write(services.Output, services.IsTerminal, StatusReport.Of(status));
            return ExitCode.Done;
        });
        return command;
    }
}

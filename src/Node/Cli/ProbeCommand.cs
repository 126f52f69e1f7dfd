using System.CommandLine;
using System.Text.Json;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node.Cli;

/// <summary><c>probe</c>: what this machine is, and what a node would do on it.</summary>
internal static class ProbeCommand
{
    public static readonly string[] Examples =
    [
        "p2p-miner probe",
        "p2p-miner probe --json | jq .memoryPlan.mode",
        "p2p-miner probe --threads 2 --memory full",
    ];

    public static Command Create(CliServices services)
    {
        var command = new Command("probe", "Show what this machine is, and what a node would do on it.");
        var defined = new DefinedOptions(command, OptionDefinitions.Threads, OptionDefinitions.Memory);
        Option<bool> json = CommonOptions.Json();
        command.Add(json);
        command.SetAction(parse =>
        {
            var report = HardwareReport.Read(defined.Resolve(parse, services).Options);
            if (parse.GetValue(json))
                services.Output.WriteLine(JsonSerializer.Serialize(report, NodeJson.Default.HardwareReport));
            else
                Report.Write(services.Output, services.IsTerminal, ProbeReport.Of(report));
            return ExitCode.Done;
        });
        return command;
    }
}

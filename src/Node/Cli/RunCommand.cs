using System.CommandLine;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Cli;

/// <summary><c>run</c>: a node, until it is stopped.</summary>
internal static class RunCommand
{
    public static readonly string[] Examples =
    [
        "p2p-miner                                   mine the embedded share chain",
        "p2p-miner --mode master --dataset-host      hold the dataset, or refuse to start",
        "p2p-miner --connect 192.168.1.20:9999       with the nodes around that one, beside those of this LAN",
        "p2p-miner --cluster-key cluster.key         only with nodes that have the key (p2p-miner cluster new)",
        "p2p-miner --threads 2 --low-priority        two threads that stay out of the way",
        "p2p-miner --daemon http://127.0.0.1:18081 --daemon-zmq tcp://127.0.0.1:18083 --wallet 4...",
        "p2p-miner --config miner.json --dry-run     show what would be done, and why",
    ];

    public static Command Create(CliServices services)
    {
        var command = new Command("run", "Mine until stopped by Ctrl-C. This is the command when none is given.");
        var defined = new DefinedOptions(command, OptionDefinitions.All);
        var config = new Option<string>("--config")
        {
            HelpName = "FILE",
            Description = "JSON file with options, named in camelCase. Options and P2P_MINER_* variables win over it.",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Print every value in force, its origin and the plan, and exit." };
        command.Add(config);
        command.Add(dryRun);
        command.SetAction(async (parse, cancel) =>
        {
            ResolvedOptions resolved = defined.Resolve(parse, services, parse.GetValue(config));
            if (!parse.GetValue(dryRun))
                return await services.Run(resolved, cancel);
            DryRun.Write(resolved, services.Output);
            return ExitCode.Done;
        });
        return command;
    }
}

using System.CommandLine;
using System.Reflection;

namespace P2PMiner.Node.Cli;

/// <summary><c>version</c>.</summary>
internal static class VersionCommand
{
    public static readonly string[] Examples = ["p2p-miner version"];

    /// <summary>The program's version without build metadata.</summary>
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static Command Create(CliServices services)
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(_ => services.Output.WriteLine("p2p-miner " + Version));
        return command;
    }
}

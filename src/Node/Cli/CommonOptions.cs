using System.CommandLine;

namespace P2PMiner.Node.Cli;

/// <summary>Options that several commands have and that make sense only on the command line.</summary>
internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object and nothing else." };
}

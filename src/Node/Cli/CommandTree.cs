using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Cli;

/// <summary>All commands, and the one way in and out of them: exit codes and one-line errors.</summary>
internal static class CommandTree
{
    /// <summary>Parses and runs a command line; returns the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, CliServices services, CancellationToken cancel)
    {
        ParseResult parse = Create(services).Parse(WithDefaultCommand(args), new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (ParseErrors.Describe(parse) is string problem)
            return Fail(services, problem, ExitCode.Usage);
        try
        {
            var invocation = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                Output = services.Output,
                Error = services.Error,

                // Signals are the process's own affair (Interrupt).
                ProcessTerminationTimeout = null,
            };
            return await parse.InvokeAsync(invocation, cancel);
        }
        catch (UsageException error)
        {
            return Fail(services, error.Message, ExitCode.Usage);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception error)
        {
            return Fail(services, IsDebug(parse, services) ? error.ToString() : OneLine(error.Message), ExitCode.Failed);
        }
    }

    private static RootCommand Create(CliServices services)
    {
        var root = new RootCommand("p2p-miner: a RandomX miner that needs no pool. Without a command it runs a node.");
        var examples = new Dictionary<Command, string[]> { [root] = RunCommand.Examples };
        Add(RunCommand.Create(services), RunCommand.Examples);
        Add(ProbeCommand.Create(services), ProbeCommand.Examples);
        Add(HashCommand.Create(services), HashCommand.Examples);
        Add(BenchCommand.Create(services), BenchCommand.Examples);
        Add(StatusCommand.Create(services), StatusCommand.Examples);
        Add(PeersCommand.Create(services), PeersCommand.Examples);
        Add(ContributionsCommand.Create(services), ContributionsCommand.Examples);
        Add(ClusterCommand.Create(services, out Command newCluster), ClusterCommand.Examples);
        examples.Add(newCluster, ClusterCommand.Examples);
        Add(VersionCommand.Create(services), VersionCommand.Examples);
        root.Options.Remove(root.Options.OfType<VersionOption>().Single());
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, examples);
        return root;

        void Add(Command command, string[] lines)
        {
            root.Add(command);
            examples.Add(command, lines);
        }
    }

    /// <summary>A command line that begins with an option, or with nothing, is one of <c>run</c>.</summary>
    private static string[] WithDefaultCommand(string[] args) => args switch
    {
        ["--version"] => ["version"],
        ["-h" or "-?" or "--help", ..] => args,
        [] => ["run"],
        [string first, ..] => first.StartsWith('-') ? ["run", .. args] : args,
    };

    private static int Fail(CliServices services, string message, int exitCode)
    {
        services.Error.WriteLine("p2p-miner: " + message);
        return exitCode;
    }

    private static bool IsDebug(ParseResult parse, CliServices services)
    {
        string? level = parse.GetResult(OptionDefinitions.LogLevel.Flag) is { Tokens: [Token given, ..] }
            ? given.Value
            : services.Environment.GetValueOrDefault(OptionDefinitions.LogLevel.Variable);
        return level is "debug" or "trace";
    }

    private static string OneLine(string message) =>
        string.Join(' ', message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}

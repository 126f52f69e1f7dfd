using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Logging;

namespace P2PMiner.Node.Cli;

/// <summary>What the commands have in common that ask a running node something and show the answer.</summary>
internal static class NodeQuery
{
    /// <param name="services">The world.</param>
    /// <param name="name">Of the command.</param>
    /// <param name="description">One line for the help.</param>
    /// <param name="ask">Asks the node at an address.</param>
    /// <param name="type">Tells how <c>--json</c> writes the answer; asked only then, because telling takes a tenth of a second.</param>
    /// <param name="write">Writes the answer for people.</param>
    public static Command Create<T>(
        CliServices services, string name, string description, Func<IPEndPoint, BearerToken?, CancellationToken, Task<T>> ask, Func<JsonTypeInfo<T>> type, Action<T> write)
    {
        var command = new Command(name, description);
        var defined = new DefinedOptions(command, OptionDefinitions.Http, OptionDefinitions.HttpToken);
        Option<bool> json = CommonOptions.Json();
        command.Add(json);
        command.SetAction(async (parse, cancel) =>
        {
            NodeOptions options = defined.Resolve(parse, services).Options;
            if (options.Http is null)
                throw new UsageException("the HTTP API is off, so there is nobody to ask; say where a node listens with --http ADDR:PORT");
            BearerToken? token = options.HttpToken is string path ? BearerToken.Read(path) : null;
            T answer = await ask(options.Http, token, cancel);
            if (parse.GetValue(json))
                services.Output.WriteLine(JsonSerializer.Serialize(answer, type()));
            else
                write(answer);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>
    /// A row each, aligned. Cells are others' words in part, so that nothing in them may control the terminal.
    /// </summary>
    public static void WriteTable(TextWriter output, IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
            output.WriteLine(LogText.OneLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column])))).TrimEnd());
    }
}

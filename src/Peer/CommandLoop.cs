using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using P2PMiner.Peer.Commands;

namespace P2PMiner.Peer;

/// <summary>Reads commands, one JSON object a line, runs them side by side and writes one result for each.</summary>
internal sealed class CommandLoop(PeerHost peer, JsonLines output)
{
    private const string Quit = "quit";

    /// <summary>What has not ended by itself so long after its time is over is answered for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(600);

    /// <summary>Returns at the command <c>quit</c>, at the end of the input, or when cancelled.</summary>
    public async Task RunAsync(Stream input, CancellationToken cancellation)
    {
        using StreamReader lines = new(input);
        while (await ReadLineAsync(lines, cancellation) is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            if (Parse(line) is not { } command)
                continue;
            if (command.Name == Quit)
            {
                Answer(command, new CommandResult([]));
                return;
            }
            Task running = ExecuteAsync(command);
            if (CommandTable.IsOrdered(command.Name))
                await running;
        }
    }

    // A blocked read of a terminal or pipe cannot be cancelled; it is left behind.
    private static async Task<string?> ReadLineAsync(StreamReader lines, CancellationToken cancellation)
    {
        try
        {
            return await Task.Run(lines.ReadLine, CancellationToken.None).WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private Command? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement.Clone();
            if (root.ValueKind != JsonValueKind.Object)
                throw new JsonException("not an object");
            JsonNode? id = root.TryGetProperty("id", out JsonElement value) ? JsonNode.Parse(value.GetRawText()) : null;
            string name = root.TryGetProperty("cmd", out JsonElement cmd) && cmd.ValueKind == JsonValueKind.String ? cmd.GetString()! : "";
            return new Command(id, name, root, Stopwatch.GetTimestamp());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            output.Write("result", new() { ["ok"] = false, ["error"] = $"bad JSON: {e.Message.ReplaceLineEndings(" ")}" });
            return null;
        }
    }

    private async Task ExecuteAsync(Command command)
    {
        try
        {
            Answer(command, await RunAsync(command));
        }
#pragma warning disable CA1031 // Whatever a command throws is its result.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Answer(command, new CommandResult([], ErrorText.Of(e)));
        }
    }

    private async Task<CommandResult> RunAsync(Command command)
    {
        if (CommandTable.Find(command.Name) is not { } run)
            return new CommandResult([], "unknown command");
        Arguments arguments = new(command.Body);
        TimeSpan timeout = arguments.Timeout;
        using CancellationTokenSource limit = new(timeout);
        CommandContext context = new(peer, output, command.Id, arguments, limit.Token);
        try
        {
            return await Task.Run(() => run(context), CancellationToken.None).WaitAsync(timeout + Patience);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return new CommandResult([], $"TimeoutError: not done within {timeout.TotalMilliseconds} ms");
        }
    }

    private void Answer(Command command, CommandResult result)
    {
        JsonObject fields = new()
        {
            ["id"] = command.Id?.DeepClone(),
            ["cmd"] = command.Name,
            ["ok"] = result.Error is null,
            ["error"] = result.Error,
            ["took"] = Stopwatch.GetElapsedTime(command.Started).TotalMilliseconds,
        };
        foreach ((string name, JsonNode? value) in result.Fields)
            fields[name] = value?.DeepClone();
        output.Write("result", fields);
    }

    private sealed record Command(JsonNode? Id, string Name, JsonElement Body, long Started);
}

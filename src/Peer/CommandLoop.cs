using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Threading.Channels;
using P2PMiner.Peer.Commands;

namespace P2PMiner.Peer;

/// <summary>Takes commands, one JSON object a line, runs them side by side and writes one result for each.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "lives as long as the program, and nothing waits for the handles")]
internal sealed class CommandLoop(PeerHost peer, JsonLines output)
{
    private const string Quit = "quit";

    /// <summary>Commands under way; no line is read while there are so many.</summary>
    private const int MaxRunning = 10_000;

    /// <summary>What has not ended by itself so long after its time is over is answered for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(600);

    private readonly ConcurrentDictionary<CommandContext, bool> _running = new();
    private readonly SemaphoreSlim _room = new(MaxRunning);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>
    /// Returns at the command <c>quit</c>, at the end of the lines, or when cancelled. By then every command has its result, for what is
    /// still under way is cancelled.
    /// </summary>
    public async Task RunAsync(ChannelReader<byte[]?> lines, CancellationToken cancellation)
    {
        CommandContext? quit = null;
        try
        {
            while (quit is null && await lines.WaitToReadAsync(cancellation))
            {
                while (quit is null && lines.TryRead(out byte[]? line))
                    quit = await TakeAsync(line, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // A signal, or the end of its life.
        }
        foreach (CommandContext command in _running.Keys)
            command.Answer("CancelledError: the peer stops");
        quit?.Answer(null);
        await _stopping.CancelAsync();
    }

    /// <summary>Starts what a line says. What commands do before they first wait is done here, and so in the order of the lines.</summary>
    /// <returns>The command to quit, if this is it.</returns>
    private async Task<CommandContext?> TakeAsync(byte[]? line, CancellationToken cancellation)
    {
        if (line is not null && line.AsSpan().IndexOfAnyExcept(" \t\r\v\f"u8) < 0)
            return null;
        if (Parse(line) is not { } command)
            return null;
        CommandContext context = new(peer, output, command, _stopping.Token);
        if (command.Name == Quit)
            return context;
        _running[context] = true;
        await _room.WaitAsync(cancellation);
        Task running = ExecuteAsync(context, command.Name);
        if (CommandTable.IsOrdered(command.Name))
            await running.WaitAsync(cancellation);
        return null;
    }

    private Command? Parse(byte[]? line)
    {
        try
        {
            return Command.Parse(line ?? throw new JsonException($"a line of more than {InputLines.MaxLineBytes} bytes"));
        }
        catch (JsonException e)
        {
            output.Write("result", new() { ["ok"] = false, ["error"] = ErrorText.OneLine($"bad JSON: {e.Message}") });
            return null;
        }
    }

    private async Task ExecuteAsync(CommandContext context, string? name)
    {
        try
        {
            await RunAsync(context, name);
            context.Answer(null);
        }
        catch (OperationCanceledException) when (context.Cancellation.IsCancellationRequested)
        {
            context.Answer($"TimeoutError: not done within {context.Arguments.Timeout.TotalMilliseconds} ms");
        }
#pragma warning disable CA1031 // Whatever a command throws is its result.
        catch (Exception e)
#pragma warning restore CA1031
        {
            context.Answer(ErrorText.Of(e));
        }
        finally
        {
            _running.TryRemove(context, out _);
            _room.Release();
        }
    }

    private static async Task RunAsync(CommandContext context, string? name)
    {
        if (CommandTable.Find(name) is not { } run)
        {
            context.Answer("unknown command");
            return;
        }
        TimeSpan timeout = context.Arguments.Timeout;
        Task work = WorkAsync(context, run, timeout);
        // What fails after its time was answered for then.
        _ = work.ContinueWith(
            static done => _ = done.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        await work.WaitAsync(timeout + Patience);
    }

    private static async Task WorkAsync(CommandContext context, Func<CommandContext, Task> run, TimeSpan timeout)
    {
        using (context)
        {
            context.Limit(timeout);
            await run(context);
        }
    }
}

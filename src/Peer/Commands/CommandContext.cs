using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace P2PMiner.Peer.Commands;

/// <summary>One command under way: what it is given, and what it has to tell. It is answered once; after that it can tell nothing more.</summary>
internal sealed class CommandContext : IDisposable
{
    private readonly Lock _lock = new();
    private readonly JsonLines _output;
    private readonly string? _name;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly JsonObject _fields = [];
    private CancellationTokenSource? _cancellation;
    private Action? _progress;
    private bool _answered;

    public CommandContext(PeerHost peer, JsonLines output, Command command, CancellationToken stopping)
    {
        (Peer, _output, _name, Id) = (peer, output, command.Name, command.Id);
        Arguments = new Arguments(command.Body);
        Stopping = stopping;
    }

    public PeerHost Peer { get; }

    /// <summary>The command's id, or null.</summary>
    public JsonElement? Id { get; }

    /// <summary>The command's fields.</summary>
    public Arguments Arguments { get; }

    /// <summary>Cancelled when the command's time is over, and when the program ends.</summary>
    public CancellationToken Cancellation { get; private set; }

    /// <summary>Cancelled when the program ends, for what minds the time by itself.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>From now on the time runs, until this is disposed of.</summary>
    public void Limit(TimeSpan timeout)
    {
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(Stopping);
        Cancellation = _cancellation.Token;
        _cancellation.CancelAfter(timeout);
    }

    /// <summary>Sets a field of the result; those set before a failure are told with it.</summary>
    public void Set(string field, JsonNode? value)
    {
        lock (_lock)
        {
            if (!_answered)
                _fields[field] = value;
        }
    }

    /// <summary>Has fields that change all the time set only when the result is written.</summary>
    /// <param name="set">Calls <see cref="Set"/>; on any thread.</param>
    public void SetAtEnd(Action set)
    {
        lock (_lock)
            _progress = set;
    }

    /// <summary>Writes an event of the command, as long as it has no result.</summary>
    public void Emit(string name, JsonObject fields)
    {
        lock (_lock)
        {
            if (!_answered)
                _output.Write(name, fields);
        }
    }

    /// <summary>Writes the result; the first call counts.</summary>
    /// <param name="error">Null if the command succeeded.</param>
    public void Answer(string? error)
    {
        lock (_lock)
        {
            if (_answered)
                return;
            _progress?.Invoke();
            _answered = true;
            _fields["cmd"] = _name;
            _fields["ok"] = error is null;
            _fields["error"] = error;
            _fields["took"] = Stopwatch.GetElapsedTime(_started).TotalMilliseconds;
            _output.Write("result", _fields, Id);
        }
    }

    public void Dispose() => _cancellation?.Dispose();
}

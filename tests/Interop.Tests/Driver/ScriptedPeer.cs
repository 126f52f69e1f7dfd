using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace P2PMiner.Interop.Tests.Driver;

/// <summary>A libp2p host in a process of its own that takes commands and reports events as JSON lines.</summary>
internal sealed class ScriptedPeer : IAsyncDisposable
{
    /// <summary>Far beyond what anything here takes on a busy machine; a wait that ends by it is a failure.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly string[] Defects = ["uncaught", "unhandled", "stopError", "life"];

    private readonly Process _process;
    private readonly EventLog _log;
    private readonly SemaphoreSlim _input = new(1);
    private int _lastId;
    private int _checked;

    private ScriptedPeer(PeerKind kind, string name, ProcessStartInfo start)
    {
        Kind = kind;
        Name = name;
        _log = new EventLog(name);
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => _log.Add(line.Data);
        _process.ErrorDataReceived += (_, line) => _log.AddError(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public PeerKind Kind { get; }

    public string Name { get; }

    /// <summary>The first event, which says who it is and where it listens.</summary>
    public JsonElement Listening { get; private set; }

    public string Id => Listening.Text("peerId");

    /// <summary>Its first address, with its peer id.</summary>
    public string Address => Listening.Texts("addrs")[0];

    public int ProcessId => _process.Id;

    /// <summary>Number of events so far; give it to <see cref="WaitAsync"/> to look at later ones only.</summary>
    public int Now => _log.Count;

    /// <summary>Starts a peer and returns when it listens.</summary>
    /// <param name="kind">Which implementation.</param>
    /// <param name="name">For messages.</param>
    /// <param name="ours">Path of p2p-peer.</param>
    /// <param name="options">Its command line, without --name.</param>
    public static async Task<ScriptedPeer> StartAsync(PeerKind kind, string name, string ours, params string[] options)
    {
        var peer = new ScriptedPeer(kind, name, PeerPrograms.StartInfo(kind, ours, ["--name", name, .. options]));
        bool listens = false;
        try
        {
            peer.Listening = await peer.WaitAsync("listening");
            listens = true;
            return peer;
        }
        finally
        {
            if (!listens)
                await peer.DisposeAsync();
        }
    }

    /// <summary>Runs a command that has to succeed.</summary>
    public async Task<JsonElement> CallAsync(string command, object? arguments = null, TimeSpan? timeout = null)
    {
        JsonElement result = await TryCallAsync(command, arguments, timeout);
        return result.GetProperty("ok").GetBoolean() ? result : throw Failure($"{command} failed: {result}");
    }

    /// <summary>Runs a command and gives its result, whatever it is.</summary>
    public async Task<JsonElement> TryCallAsync(string command, object? arguments = null, TimeSpan? timeout = null)
    {
        TimeSpan limit = timeout ?? Deadline;
        int id = Interlocked.Increment(ref _lastId);
        Dictionary<string, object> line = arguments is null
            ? []
            : JsonSerializer.SerializeToElement(arguments).Deserialize<Dictionary<string, object>>()!;
        line["id"] = id;
        line["cmd"] = command;
        line["timeout"] = (int)limit.TotalMilliseconds;
        int before = Now;
        await WriteAsync(JsonSerializer.Serialize(line));
        return await WaitAsync(
            "result", e => e.TryGetProperty("id", out JsonElement given) && given.ValueKind == JsonValueKind.Number && given.GetInt32() == id,
            before, limit + Patience);
    }

    /// <summary>The first event of this name that matches, past or future.</summary>
    /// <param name="name">Value of "ev".</param>
    /// <param name="matches">Which one; null for any.</param>
    /// <param name="since">Events before this position are not looked at.</param>
    /// <param name="timeout">Null for <see cref="Deadline"/>.</param>
    public async Task<JsonElement> WaitAsync(
        string name, Func<JsonElement, bool>? matches = null, int since = 0, TimeSpan? timeout = null)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan limit = timeout ?? Deadline;
        int position = since;
        while (true)
        {
            Task changed = _log.Changed;
            foreach (JsonElement one in _log.From(ref position, name))
            {
                if (matches is null || matches(one))
                    return one;
            }
            TimeSpan left = limit - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
                throw Failure($"no event '{name}' within {limit.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
            if (_process.HasExited && position >= _log.Count)
                throw Failure($"ended with {_process.ExitCode} before the event '{name}'");
            await Task.WhenAny(changed, Task.Delay(left < TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1)));
        }
    }

    /// <summary>Asks until the answer meets the condition.</summary>
    /// <param name="command">What to ask.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="condition">Of the result.</param>
    /// <param name="every">Between an answer and the next question; null for 50 ms.</param>
    /// <param name="timeout">Null for <see cref="Deadline"/>.</param>
    public async Task<JsonElement> UntilAsync(
        string command, object? arguments, Func<JsonElement, bool> condition, TimeSpan? every = null, TimeSpan? timeout = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            JsonElement result = await TryCallAsync(command, arguments);
            if (result.GetProperty("ok").GetBoolean() && condition(result))
                return result;
            if (Stopwatch.GetElapsedTime(start) > (timeout ?? Deadline))
                throw Failure($"{command} never got there; last result: {result}");
            await Task.Delay(every ?? TimeSpan.FromMilliseconds(50));
        }
    }

    /// <summary>All events of this name since a position.</summary>
    public IReadOnlyList<JsonElement> Events(string name, int since = 0)
    {
        int position = since;
        return _log.From(ref position, name);
    }

    /// <summary>Ends the process as a crash would.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends the process in order and returns its exit code.</summary>
    public async Task<int> QuitAsync()
    {
        await WriteAsync("""{"cmd":"quit"}""");
        using var limit = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>Things that no peer may print, whatever the test does; null if there were none since this was last asked.</summary>
    public string? Defect()
    {
        IReadOnlyList<string> bad = _log.Bad(ref _checked, Defects);
        return bad.Count == 0 ? null : $"{Name} ({Kind}) printed {string.Join("; ", bad)}";
    }

    /// <summary>The last it said, for a message.</summary>
    public string Report() => $"--- {Name} ({Kind}, process {_process.Id})\n{_log}";

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
        _input.Dispose();
    }

    private PeerException Failure(string message) => new($"{Name} ({Kind}): {message}\n{Report()}");

    private async Task WriteAsync(string line)
    {
        await _input.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(line);
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            throw Failure("no longer takes commands");
        }
        finally
        {
            _input.Release();
        }
    }
}

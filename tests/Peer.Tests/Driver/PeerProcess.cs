using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace P2PMiner.Peer.Tests.Driver;

/// <summary>A p2p-peer in a process of its own, with its raw stdin and stdout.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    /// <summary>Far beyond what anything here takes on a busy machine; a wait that ends by it is a failure.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Task<string> _errors;
    private Task? _reading;
    private int _lastId = 1000;

    private PeerProcess(IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> options, params string[] launcher)
    {
        string program = Path.Combine(TestContext.CurrentContext.TestDirectory, "p2p-peer.dll");
        string[] command = [.. launcher, "dotnet", program, .. options];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        Node = options.SkipWhile(option => option != "--name").ElementAtOrDefault(1);
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Everything it printed so far.</summary>
    public LineLog Log { get; } = new();

    /// <summary>What --name says, or null.</summary>
    public string? Node { get; }

    /// <summary>Events such as <c>uncaught</c> are what the test is about.</summary>
    public bool MayHaveDefects { get; init; }

    public string Id => Listening.GetProperty("peerId").GetString()!;

    public string Address => Listening.GetProperty("addrs")[0].GetString()!;

    public JsonElement Listening => Log.All[0];

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Starts it and reads what it prints.</summary>
    public static PeerProcess Start(params string[] options)
    {
        PeerProcess peer = StartUnread(options);
        peer.Read();
        return peer;
    }

    /// <summary>Starts it, and reads nothing until <see cref="Read"/>.</summary>
    public static PeerProcess StartUnread(params string[] options) => new(new Dictionary<string, string>(), options);

    /// <summary>Starts it with variables that make it fail.</summary>
    public static PeerProcess StartDefective(Dictionary<string, string> environment, params string[] options)
    {
        PeerProcess peer = new(environment, options) { MayHaveDefects = true };
        peer.Read();
        return peer;
    }

    /// <summary>Starts it as a shell starts a job in the background.</summary>
    public static PeerProcess StartIgnoringInterrupts()
    {
        PeerProcess peer = new(new Dictionary<string, string>(), [], "sh", "-c", "trap '' INT; exec \"$@\"", "sh");
        peer.Read();
        return peer;
    }

    /// <summary>From now on its lines are read.</summary>
    public void Read() => _reading = Task.Run(() => Log.ReadAsync(Output));

    /// <summary>Waits until it listens.</summary>
    public async Task<PeerProcess> ListeningAsync()
    {
        await Log.WaitAsync(line => line.Ev() == "listening", Deadline);
        return this;
    }

    /// <summary>Writes text as it is.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Writes bytes as they are.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        await Input.WriteAsync(bytes);
        await Input.FlushAsync();
    }

    /// <summary>Runs a command and gives its result, whatever it is.</summary>
    public async Task<JsonElement> TryCallAsync(string command, JsonObject? arguments = null)
    {
        int id = Interlocked.Increment(ref _lastId);
        JsonObject line = arguments ?? [];
        line["id"] = id;
        line["cmd"] = command;
        line["timeout"] ??= (long)Deadline.TotalMilliseconds;
        await SendAsync(line.ToJsonString() + "\n");
        return await ResultAsync(id);
    }

    /// <summary>Runs a command that has to succeed.</summary>
    public async Task<JsonElement> CallAsync(string command, JsonObject? arguments = null)
    {
        JsonElement result = await TryCallAsync(command, arguments);
        Assert.That(result.GetProperty("ok").GetBoolean(), Is.True, $"{command}: {result}");
        return result;
    }

    /// <summary>Asks until the result is as wanted.</summary>
    public async Task<JsonElement> UntilAsync(string command, Func<JsonObject> arguments, Func<JsonElement, bool> wanted)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            JsonElement result = await TryCallAsync(command, arguments());
            if (wanted(result))
                return result;
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(Deadline), $"{command} never got there: {result}");
            await Task.Delay(20);
        }
    }

    public Task<JsonElement> ResultAsync(int id) => Log.WaitAsync(line => line.IsResultOf(id), Deadline);

    public Task<JsonElement> EventAsync(string name, Func<JsonElement, bool>? matches = null) =>
        Log.WaitAsync(line => line.Ev() == name && (matches?.Invoke(line) ?? true), Deadline);

    public void CloseInput() => _process.StandardInput.Close();

    public void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits until it has ended and everything it printed is read.</summary>
    public async Task<(int ExitCode, string Errors)> EndAsync()
    {
        using CancellationTokenSource limit = new(Deadline);
        await _process.WaitForExitAsync(limit.Token);
        if (_reading is not null)
            await _reading.WaitAsync(limit.Token);
        return (_process.ExitCode, await _errors.WaitAsync(limit.Token));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}

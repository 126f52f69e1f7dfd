using System.Diagnostics;
using System.Text.Json;
using P2PMiner.Integration.Tests.Monero;

namespace P2PMiner.Integration.Tests.Nodes;

/// <summary>A real p2p-miner in a process of its own, in light mode, with its HTTP API on a free port of loopback.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly HttpClient _http;

    private NodeProcess(string dataDirectory, string[] arguments)
    {
        int port = ServerProcess.FreePort();
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(30) };
        string program = Path.Combine(TestContext.CurrentContext.TestDirectory, "p2p-miner.dll");
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "dotnet",
                [program, "--data-dir", dataDirectory, "--http", $"127.0.0.1:{port}", "--memory", "light", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Everything printed so far, a line each.</summary>
    public IReadOnlyList<string> Output
    {
        get
        {
            lock (_output)
                return [.. _output];
        }
    }

    public static NodeProcess Start(string dataDirectory, params string[] arguments) => new(dataDirectory, arguments);

    /// <summary>The status once it meets the condition; fails the test when the node ends or it never does.</summary>
    public async Task<JsonElement> UntilAsync(Func<JsonElement, bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        string last = "no answer";
        while (Stopwatch.GetElapsedTime(start) < Deadline && !_process.HasExited)
        {
            if (await TryStatusAsync() is JsonElement status)
            {
                last = status.ToString();
                if (condition(status))
                    return status;
            }
            await Task.Delay(50);
        }
        throw new AssertionException($"the node never got there; last status:\n{last}\noutput:\n{string.Join('\n', Output)}");
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGINT, as Ctrl-C sends it.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> InterruptAsync()
    {
        using (Process kill = Process.Start("kill", ["-INT", $"{_process.Id}"]))
            await kill.WaitForExitAsync();
        return await ExitCodeAsync();
    }

    public async Task<int> ExitCodeAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
        _http.Dispose();
    }

    private async Task<JsonElement?> TryStatusAsync()
    {
        try
        {
            using JsonDocument answer = JsonDocument.Parse(await _http.GetStringAsync("/api/v1/status"));
            return answer.RootElement.Clone();
        }
        catch (HttpRequestException)
        {
            // Not listening yet, or gone; the caller's loop tells which.
            return null;
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        lock (_output)
            _output.Add(line.Data);
    }
}

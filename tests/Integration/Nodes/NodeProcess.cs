using System.Diagnostics;
using System.Text.Json;
using P2PMiner.Integration.Tests.Monero;

namespace P2PMiner.Integration.Tests.Nodes;

/// <summary>A real p2p-miner in a process of its own, in light mode, with its HTTP API on a free port of loopback.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly HttpClient _http;

    private NodeProcess(string dataDirectory, string[] arguments)
    {
        int port = Ports.Take();
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = Wait.Longest,
        };
        // A cluster of its own, unless the test says which: other nodes of this machine are none of its business.
        string[] cluster = arguments.Contains("--cluster") ? [] : ["--cluster", Path.GetFileName(dataDirectory)];
        string program = Path.Combine(TestContext.CurrentContext.TestDirectory, "p2p-miner.dll");
        _process = new Process
        {
            // A shell starts what it runs in the background deaf to SIGINT, and the deafness is inherited.
            StartInfo = new ProcessStartInfo(
                "env",
                [
                    "--default-signal=INT", "dotnet", program,
                    "--data-dir", dataDirectory, "--http", $"127.0.0.1:{port}", "--memory", "light", .. cluster, .. arguments,
                ])
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
        JsonElement? last = null;
        await Wait.UntilAsync(
            async () =>
            {
                if (_process.HasExited)
                    throw new AssertionException($"the node ended with exit code {_process.ExitCode}; {Explain()}");
                last = await TryStatusAsync() ?? last;
                return last is JsonElement status && condition(status);
            },
            () => $"last status {last}; {Explain()}");
        return last!.Value;
    }

    /// <summary>For the message of a failed test.</summary>
    public string Explain() => $"its output:\n{string.Join('\n', Output)}";

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
        await Wait.UntilAsync(() => Task.FromResult(_process.HasExited), () => $"the node does not end; {Explain()}");

        // Until its output has been read to the end, too.
        await _process.WaitForExitAsync();
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

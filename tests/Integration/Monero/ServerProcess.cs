using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;

namespace P2PMiner.Integration.Tests.Monero;

/// <summary>A Monero program that serves JSON-RPC on loopback, in a process of its own that ends with this object.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int KeptLines = 200;

    private readonly Process _process;
    private readonly Queue<string> _output = new();
    private readonly HttpClient _http;

    private ServerProcess(string program, IEnumerable<string> arguments, int port, NetworkCredential? login, SocketsHttpHandler? handler)
    {
        _http = new HttpClient(handler ?? new SocketsHttpHandler { Credentials = login, UseProxy = false }) { Timeout = Wait.Longest };
        RpcUri = new Uri($"http://127.0.0.1:{port}/json_rpc");
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri RpcUri { get; }

    /// <summary>Starts the program and returns when it answers <paramref name="probe"/>.</summary>
    /// <param name="program">Its name in the PATH.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="port">Where it was told to serve.</param>
    /// <param name="probe">A method without parameters.</param>
    /// <param name="login">What it was told to ask for; null when nothing.</param>
    /// <param name="handler">For a program on another machine than this one; null otherwise.</param>
    public static async Task<ServerProcess> StartAsync(
        string program, IEnumerable<string> arguments, int port, string probe, NetworkCredential? login = null, SocketsHttpHandler? handler = null)
    {
        var server = new ServerProcess(program, arguments, port, login, handler);
        bool answers = false;
        try
        {
            await server.WaitUntilItAnswersAsync(probe);
            answers = true;
            return server;
        }
        finally
        {
            if (!answers)
                await server.DisposeAsync();
        }
    }

    /// <summary>The <c>result</c> of a JSON-RPC call.</summary>
    /// <exception cref="MachineException">The server answered with an error.</exception>
    public async Task<JsonElement> CallAsync(string method, object? parameters = null)
    {
        JsonElement answer = await PostAsync(RpcUri, new { jsonrpc = "2.0", id = "0", method, @params = parameters ?? new { } });
        return answer.TryGetProperty("result", out JsonElement result) ? result : throw new MachineException($"{method} failed: {answer}");
    }

    /// <summary>The answer to one of monerod's calls that have a path of their own and take plain JSON.</summary>
    public Task<JsonElement> CallPathAsync(string path, object parameters) => PostAsync(new Uri(RpcUri, path), parameters);

    /// <summary>Ends the process at once, as a crash would.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _http.Dispose();
    }

    private async Task<JsonElement> PostAsync(Uri uri, object body)
    {
        // In one piece, because Monero's HTTP server does not read chunked requests.
        using var content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _http.PostAsync(uri, content);
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return answer.RootElement.Clone();
    }

    private async Task WaitUntilItAnswersAsync(string probe)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await CallAsync(probe);
                return;
            }
            catch (HttpRequestException) when (!_process.HasExited && Stopwatch.GetElapsedTime(start) < Wait.Longest)
            {
                await Task.Delay(50);
            }
            catch (HttpRequestException)
            {
                lock (_output)
                    throw new MachineException($"{_process.StartInfo.FileName} does not answer:\n{string.Join('\n', _output)}");
            }
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            if (_output.Count == KeptLines)
                _output.Dequeue();
            _output.Enqueue(line.Data ?? "");
        }
    }
}

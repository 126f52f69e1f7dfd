using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using P2PMiner.Integration.Tests.Cluster;
using P2PMiner.Integration.Tests.Monero;
using P2PMiner.P2P.Tests.Mdns;

namespace P2PMiner.Integration.Tests.Nodes;

/// <summary>A real p2p-miner in a process of its own, in light mode, with its HTTP API on a free port of loopback.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    /// <summary>Where nodes on machines of their own have their HTTP API, unless their arguments say otherwise.</summary>
    public const int DefaultHttpPort = 8420;

    /// <summary>Names the program; a node would take it for a misspelt option.</summary>
    private const string ProgramVariable = "P2P_MINER_PROGRAM";

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly HttpClient _http;

    private NodeProcess(ProcessStartInfo start, int port, SocketsHttpHandler? handler)
    {
        _http = new HttpClient(handler ?? new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = Wait.Longest,
        };
        start.Environment.Remove(ProgramVariable);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
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

    /// <summary>Of its HTTP API, as seen from its own machine.</summary>
    public Uri Address => _http.BaseAddress!;

    /// <summary>The program that is started: one that runs by itself, as <c>make</c> builds it, or a .dll.</summary>
    public static string Program { get; set; } = Environment.GetEnvironmentVariable(ProgramVariable) is { Length: > 0 } program
        ? program
        : Path.Combine(AppContext.BaseDirectory, "p2p-miner.dll");

    /// <summary>Of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Starts the program.</summary>
    public static string[] Command => Program.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", Program] : [Program];

    public static NodeProcess Start(string dataDirectory, params string[] arguments) => StartWithin([], dataDirectory, arguments);

    /// <summary>As above, by a command that runs the command after it; in light mode only where the arguments say nothing else.</summary>
    public static NodeProcess StartWithin(IReadOnlyList<string> prefix, string dataDirectory, params string[] arguments)
    {
        int port = Ports.Take();

        // A cluster of its own, unless the test says which: other nodes of this machine are none of its business.
        string[] cluster = arguments.Contains("--cluster") ? [] : ["--cluster", Path.GetFileName(dataDirectory)];

        string[] memory = arguments.Contains("--memory") ? [] : ["--memory", "light"];

        // A shell starts what it runs in the background deaf to SIGINT, and the deafness is inherited.
        string[] command =
        [
            .. prefix, "env", "--default-signal=INT", .. Command,
            "--data-dir", dataDirectory, "--http", $"127.0.0.1:{port}", .. memory, .. cluster, .. arguments,
        ];
        return new NodeProcess(new ProcessStartInfo(command[0], command[1..]), port, handler: null);
    }

    /// <summary>
    /// A node on a machine of its own, which is a network namespace, with these arguments and no others. The environment says
    /// what keeps the test small: one thread in light mode.
    /// </summary>
    public static NodeProcess StartOn(NetworkNamespace machine, string home, params string[] arguments) => StartOn(machine, null, [], home, arguments);

    /// <summary>As above, with environment variables of its own, each as NAME=VALUE.</summary>
    public static NodeProcess StartOn(NetworkNamespace machine, string[] environment, string home, params string[] arguments) =>
        StartOn(machine, null, environment, home, arguments);

    /// <summary>As above, slow and with an environment.</summary>
    public static NodeProcess StartOn(NetworkNamespace machine, CpuQuota? quota, string[] environment, string home, params string[] arguments) =>
        StartPlainOn(machine, quota?.Command ?? [], home, ["P2P_MINER_MEMORY=light", "P2P_MINER_THREADS=1", .. environment], arguments);

    /// <summary>A node on a machine of its own that nothing but this tells what to do.</summary>
    /// <param name="machine">Where.</param>
    /// <param name="prefix">A command that runs the command after it, such as that of a <see cref="CpuQuota"/>.</param>
    /// <param name="home">Where it keeps its data.</param>
    /// <param name="environment">Each as NAME=VALUE.</param>
    /// <param name="arguments">Its command line.</param>
    public static NodeProcess StartPlainOn(
        NetworkNamespace machine, IReadOnlyList<string> prefix, string home, string[] environment, params string[] arguments)
    {
        // Unlike ip netns exec it leaves /sys as it is, where the node sees the limits of its control groups.
        string[] command =
        [
            .. prefix, "nsenter", $"--net=/run/netns/{machine.Name}", "env", "--default-signal=INT",
            $"XDG_DATA_HOME={home}", .. environment, .. Command, .. arguments,
        ];
        int http = Array.IndexOf(arguments, "--http");
        int port = http < 0 ? DefaultHttpPort : IPEndPoint.Parse(arguments[http + 1]).Port;
        return new NodeProcess(new ProcessStartInfo(command[0], command[1..]), port, HttpOn(machine, port));
    }

    /// <summary>The status once it meets the condition.</summary>
    /// <exception cref="MachineException">The node ended, or it never did.</exception>
    public async Task<JsonElement> UntilAsync(Func<JsonElement, bool> condition)
    {
        JsonElement? last = null;
        await Wait.UntilAsync(
            async () =>
            {
                if (_process.HasExited)
                    throw new MachineException($"the node ended with exit code {_process.ExitCode}; {Explain()}");
                last = await TryStatusAsync() ?? last;
                return last is JsonElement status && condition(status);
            },
            () => $"last status {last}; {Explain()}");
        return last!.Value;
    }

    /// <summary>Who did how much of its share chain.</summary>
    public Task<JsonElement> ContributionsAsync() => GetAsync("/api/v1/contributions");

    /// <summary>The other members of its cluster that it knows.</summary>
    public async Task<JsonElement[]> PeersAsync() => [.. (await GetAsync("/api/v1/peers")).GetProperty("peers").EnumerateArray()];

    /// <summary>Processor time of its threads that hash or compute a dataset, and of all, in ticks of the kernel. Linux only.</summary>
    public (double Miner, double All) ProcessorTime()
    {
        double miner = 0;
        foreach (string thread in Threads())
        {
            string stat;
            try
            {
                stat = File.ReadAllText($"/proc/{_process.Id}/task/{thread}/stat");
            }
            catch (IOException)
            {
                // The thread has ended meanwhile.
                continue;
            }
            bool isMiner = stat.Contains("(miner ", StringComparison.Ordinal) || stat.Contains("(dataset)", StringComparison.Ordinal);
            miner += isMiner ? Ticks(stat) : 0;
        }

        // Of the process, not of its threads: those that have ended took their time as well.
        return (miner, Ticks(File.ReadAllText($"/proc/{_process.Id}/stat")));
    }

    private string[] Threads() => [.. Directory.GetDirectories($"/proc/{_process.Id}/task").Select(thread => Path.GetFileName(thread))];

    /// <summary>proc(5): the name in parentheses, the state, and eleven fields later the time in user and in kernel mode.</summary>
    private static double Ticks(string stat)
    {
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
    }

    /// <summary>For the message of a failed test.</summary>
    public string Explain() => $"its output:\n{string.Join('\n', Output)}";

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        if (OperatingSystem.IsLinux() && !_process.HasExited)
            await RaisePriorityAsync();
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    // With the lowest priority, threads end late beside others that hash, and in the kernel who waits for them is busy until then.
    private async Task RaisePriorityAsync()
    {
        using Process renice = Process.Start(
            new ProcessStartInfo("renice", ["-n", "0", "-p", .. Threads()]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        await Task.WhenAll(renice.StandardOutput.ReadToEndAsync(), renice.StandardError.ReadToEndAsync());
        await renice.WaitForExitAsync();
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

    /// <summary>Speaks HTTP from another machine, to a port of its loopback interface.</summary>
    public static SocketsHttpHandler HttpOn(NetworkNamespace machine, int port) => new()
    {
        UseProxy = false,
        ConnectCallback = (_, cancellation) => ConnectAsync(
            machine.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)), port, cancellation),
    };

    private static async ValueTask<Stream> ConnectAsync(Socket socket, int port, CancellationToken cancellation)
    {
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using JsonDocument answer = JsonDocument.Parse(await _http.GetStringAsync(path));
        return answer.RootElement.Clone();
    }

    private async Task<JsonElement?> TryStatusAsync()
    {
        try
        {
            return await GetAsync("/api/v1/status");
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

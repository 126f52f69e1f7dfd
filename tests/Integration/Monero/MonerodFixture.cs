using System.Net;
using System.Text.Json;
using P2PMiner.Mining;

namespace P2PMiner.Integration.Tests.Monero;

/// <summary>
/// A real <c>monerod --regtest --offline</c> with ports and a data directory of its own. Disposing kills it and removes
/// the directory. Regtest starts with an empty chain under the newest consensus rules and takes mainnet addresses.
/// </summary>
internal sealed class MonerodFixture : IAsyncDisposable
{
    /// <summary>Some mainnet address, for blocks whose owner does not matter.</summary>
    public const string AnyAddress = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A";

    private readonly string _directory = Directory.CreateTempSubdirectory("p2p-miner-monerod-").FullName;
    private readonly string[] _arguments;
    private readonly int _rpcPort;
    private readonly NetworkCredential? _login;
    private ServerProcess? _process;

    private MonerodFixture(ulong difficulty, NetworkCredential? login)
    {
        _login = login;
        _rpcPort = Ports.Take();
        RestrictedPort = Ports.Take();
        ZmqAddress = $"tcp://127.0.0.1:{Ports.Take()}";

        // Without TLS the daemon starts in a tenth of the time, because it makes no RSA key first.
        _arguments =
        [
            "--regtest", "--offline", "--non-interactive",
            "--data-dir", _directory,
            "--fixed-difficulty", $"{difficulty}",
            "--rpc-bind-port", $"{_rpcPort}",
            "--rpc-restricted-bind-port", $"{RestrictedPort}",
            "--p2p-bind-ip", "127.0.0.1",
            "--p2p-bind-port", $"{Ports.Take()}",
            "--zmq-rpc-bind-port", $"{Ports.Take()}",
            "--zmq-pub", ZmqAddress,
            "--rpc-ssl", "disabled",
            .. login is null ? Array.Empty<string>() : ["--rpc-login", $"{login.UserName}:{login.Password}"],
        ];
    }

    /// <summary>Where it keeps its chain.</summary>
    public string DataDirectory => _directory;

    /// <summary>For <c>--daemon</c>.</summary>
    public string Url => $"http://127.0.0.1:{_rpcPort}";

    /// <summary>For <c>--daemon-zmq</c>.</summary>
    public string ZmqAddress { get; }

    /// <summary>Where the restricted RPC listens.</summary>
    public int RestrictedPort { get; }

    public bool IsRunning => _process is not null;

    private ServerProcess Process => _process ?? throw new InvalidOperationException("the daemon is not running");

    /// <param name="difficulty">Of every block.</param>
    /// <param name="login">What its RPC asks for (<c>--rpc-login</c>); null for nothing.</param>
    public static async Task<MonerodFixture> StartAsync(ulong difficulty = 1, NetworkCredential? login = null)
    {
        var daemon = new MonerodFixture(difficulty, login);
        try
        {
            await daemon.StartAgainAsync();
            return daemon;
        }
        finally
        {
            if (!daemon.IsRunning)
                await daemon.DisposeAsync();
        }
    }

    /// <summary>Starts a stopped daemon with the same ports; its chain begins anew, because regtest keeps none.</summary>
    public async Task StartAgainAsync() => _process = await ServerProcess.StartAsync("monerod", _arguments, _rpcPort, "get_info", _login);

    /// <summary>Kills the daemon; its ports stay reserved for <see cref="StartAgainAsync"/>.</summary>
    public async Task KillAsync()
    {
        await Process.DisposeAsync();
        _process = null;
    }

    public Task<JsonElement> CallAsync(string method, object? parameters = null) => Process.CallAsync(method, parameters);

    /// <summary>Length of the chain: the height of the next block.</summary>
    public async Task<ulong> HeightAsync() => (await CallAsync("get_info")).GetProperty("height").GetUInt64();

    public async Task<Hash256> TopAsync() => Hash256.Parse((await CallAsync("get_info")).GetProperty("top_block_hash").GetString() ?? "");

    /// <summary>Has the daemon itself mine blocks.</summary>
    /// <returns>The ids of the blocks.</returns>
    public async Task<Hash256[]> GenerateBlocksAsync(int count, string wallet = AnyAddress)
    {
        JsonElement result = await CallAsync("generateblocks", new { amount_of_blocks = count, wallet_address = wallet });
        return [.. result.GetProperty("blocks").EnumerateArray().Select(id => Hash256.Parse(id.GetString() ?? ""))];
    }

    /// <summary>
    /// Has the daemon take blocks as it proposes them, which at difficulty 1 are all good enough: half of the work of having it mine them.
    /// </summary>
    public async Task TakeBlocksAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            JsonElement template = await CallAsync("get_block_template", new { wallet_address = AnyAddress, reserve_size = 1 });
            await CallAsync("submit_block", new[] { template.GetProperty("blocktemplate_blob").GetString() });
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await KillAsync();
        Directory.Delete(_directory, recursive: true);
    }
}

using System.Text.Json;

namespace P2PMiner.Integration.Tests.Monero;

/// <summary>
/// A real <c>monero-wallet-rpc</c> with a fresh wallet, connected to a <see cref="MonerodFixture"/>. Disposing kills it
/// and removes its directory.
/// </summary>
internal sealed class WalletRpcFixture : IAsyncDisposable
{
    private readonly string _directory;
    private readonly ServerProcess _process;

    private WalletRpcFixture(string directory, ServerProcess process)
    {
        _directory = directory;
        _process = process;
    }

    /// <summary>The wallet's primary address.</summary>
    public string Address { get; private set; } = "";

    public static async Task<WalletRpcFixture> StartAsync(MonerodFixture daemon)
    {
        int port = Ports.Take();
        string directory = Directory.CreateTempSubdirectory("p2p-miner-wallet-").FullName;
        string[] arguments =
        [
            "--rpc-bind-port", $"{port}",
            "--disable-rpc-login",
            "--wallet-dir", directory,
            "--log-file", Path.Combine(directory, "log"),
            "--daemon-address", daemon.Url,
            "--trusted-daemon",
            "--rpc-ssl", "disabled",
            "--daemon-ssl", "disabled",
        ];
        ServerProcess? process = null;
        try
        {
            process = await ServerProcess.StartAsync("monero-wallet-rpc", arguments, port, "get_version");
        }
        finally
        {
            if (process is null)
                Directory.Delete(directory, recursive: true);
        }
        var wallet = new WalletRpcFixture(directory, process);
        await wallet.CallAsync("create_wallet", new { filename = "wallet", password = "", language = "English" });
        wallet.Address = (await wallet.CallAsync("get_address", new { account_index = 0 })).GetProperty("address").GetString() ?? "";
        return wallet;
    }

    public Task<JsonElement> CallAsync(string method, object? parameters = null) => _process.CallAsync(method, parameters);

    /// <summary>Reads the chain up to its top, then the balance.</summary>
    /// <returns>The number of blocks that were read, and what they pay, in atomic units (10^-12 XMR).</returns>
    public async Task<(ulong Height, ulong Total)> RefreshBalanceAsync()
    {
        await CallAsync("refresh");
        ulong height = (await CallAsync("get_height")).GetProperty("height").GetUInt64();
        JsonElement balance = await CallAsync("get_balance", new { account_index = 0 });
        return (height, balance.GetProperty("balance").GetUInt64());
    }

    /// <summary>Puts a transaction into the daemon's pool.</summary>
    /// <returns>Its id in hex.</returns>
    public async Task<string> TransferAsync(string address, ulong amount)
    {
        JsonElement result = await CallAsync("transfer", new { destinations = new[] { new { amount, address } } });
        return result.GetProperty("tx_hash").GetString() ?? "";
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}

using System.Text.Json;
using P2PMiner.Integration.Tests.Monero;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.P2P.Tests.Mdns;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>
/// A <c>monerod --regtest</c> on a machine of its own that exchanges blocks with that of another machine. Disposing kills it and
/// removes its chain.
/// </summary>
internal sealed class MachineDaemon : IAsyncDisposable
{
    private const int RpcPort = 18081;
    private const int PeerPort = 18080;

    private readonly string _directory;
    private readonly ServerProcess _process;

    private MachineDaemon(string directory, ServerProcess process) => (_directory, _process) = (directory, process);

    /// <summary>For <c>--daemon</c> of a node on the same machine.</summary>
    public static string Url => $"http://127.0.0.1:{RpcPort}";

    /// <param name="network">The machines.</param>
    /// <param name="machine">Where it runs.</param>
    /// <param name="other">The machine of the daemon that it exchanges blocks with; null for none.</param>
    /// <param name="difficulty">Of every block that is to be found.</param>
    /// <param name="data">The data directory of another daemon, which has ended, whose chain it begins with; null for none.</param>
    public static async Task<MachineDaemon> StartAsync(LocalNetwork network, int machine, int? other, ulong difficulty, string? data = null)
    {
        NetworkNamespace place = network.Machines[machine];
        string directory = Directory.CreateTempSubdirectory("p2p-miner-monerod-").FullName;
        if (data is not null)
            CopyChain(data, directory);
        string[] arguments =
        [
            "netns", "exec", place.Name, "monerod", "--regtest", "--non-interactive", "--data-dir", directory, "--fixed-difficulty", $"{difficulty}",
            "--rpc-bind-port", $"{RpcPort}", "--rpc-ssl", "disabled", "--no-zmq", "--no-igd", "--allow-local-ip",
            "--p2p-bind-ip", LocalNetwork.AddressOf(machine), "--p2p-bind-port", $"{PeerPort}",
            // It would begin anew otherwise.
            .. data is null ? Array.Empty<string>() : ["--keep-fakechain"],
            .. other is int known ? ["--add-exclusive-node", $"{LocalNetwork.AddressOf(known)}:{PeerPort}"] : new[] { "--offline" },
        ];
        return new MachineDaemon(
            directory, await ServerProcess.StartAsync("ip", arguments, RpcPort, "get_info", handler: NodeProcess.HttpOn(place, RpcPort)));
    }

    public async Task<bool> IsSynchronizedAsync() => (await InfoAsync()).GetProperty("synchronized").GetBoolean();

    /// <summary>Length of the chain.</summary>
    public async Task<ulong> HeightAsync() => (await InfoAsync()).GetProperty("height").GetUInt64();

    /// <summary>The id of a block of its main chain.</summary>
    /// <exception cref="MachineException">The chain is not that long.</exception>
    public async Task<string> BlockAtAsync(ulong height)
    {
        JsonElement answer = await _process.CallAsync("get_block_header_by_height", new { height });
        return answer.GetProperty("block_header").GetProperty("hash").GetString()!;
    }

    /// <summary>Whether it knows a block, on its main chain or beside it.</summary>
    public async Task<bool> KnowsAsync(string block)
    {
        try
        {
            await _process.CallAsync("get_block_header_by_hash", new { hash = block });
            return true;
        }
        catch (MachineException)
        {
            return false;
        }
    }

    /// <summary>Takes the last block off the chain and returns it, in hex, for <see cref="SubmitAsync"/>.</summary>
    public async Task<string> PopAsync()
    {
        ulong last = await HeightAsync() - 1;
        JsonElement block = await _process.CallAsync("get_block", new { height = last });
        await _process.CallPathAsync("/pop_blocks", new { nblocks = 1 });
        return block.GetProperty("blob").GetString()!;
    }

    public Task SubmitAsync(string block) => _process.CallAsync("submit_block", new[] { block });

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static void CopyChain(string from, string to)
    {
        string chain = Path.Combine("fake", "lmdb");
        Directory.CreateDirectory(Path.Combine(to, chain));
        foreach (string file in Directory.GetFiles(Path.Combine(from, chain)))
            File.Copy(file, Path.Combine(to, chain, Path.GetFileName(file)));
    }

    private Task<JsonElement> InfoAsync() => _process.CallAsync("get_info");
}

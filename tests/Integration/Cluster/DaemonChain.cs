using System.Text;
using System.Text.Json;
using P2PMiner.Integration.Tests.Nodes;
using P2PMiner.P2P.Tests.Mdns;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>The main chain of the <see cref="MachineDaemon"/> on a machine.</summary>
internal sealed class DaemonChain(NetworkNamespace machine) : IDisposable
{
    private readonly HttpClient _http = new(NodeProcess.HttpOn(machine, new Uri(MachineDaemon.Url).Port)) { Timeout = Wait.Longest };

    /// <summary>Id of the last block.</summary>
    public async Task<string> TopAsync() =>
        (await CallAsync("get_last_block_header", new { }))!.Value.GetProperty("block_header").GetProperty("hash").GetString()!;

    /// <summary>Id of the block at a height; null above the last one.</summary>
    public async Task<string?> IdAtAsync(ulong height) =>
        (await CallAsync("get_block_header_by_height", new { height }))?.GetProperty("block_header").GetProperty("hash").GetString();

    /// <summary>Whether it knows a block, on the main chain or beside it.</summary>
    public async Task<bool> KnowsAsync(string block) => await CallAsync("get_block_header_by_hash", new { hash = block }) is not null;

    public void Dispose() => _http.Dispose();

    /// <summary>Null when the daemon answers with an error.</summary>
    private async Task<JsonElement?> CallAsync(string method, object parameters)
    {
        using StringContent content = new(JsonSerializer.Serialize(new { jsonrpc = "2.0", id = "0", method, @params = parameters }), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _http.PostAsync(new Uri($"{MachineDaemon.Url}/json_rpc"), content);
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return answer.RootElement.TryGetProperty("result", out JsonElement result) ? result.Clone() : null;
    }
}

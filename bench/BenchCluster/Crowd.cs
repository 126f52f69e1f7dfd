using System.Text.Json;
using P2PMiner.Integration.Tests.Cluster;
using P2PMiner.Integration.Tests.Nodes;

namespace P2PMiner.BenchCluster;

/// <summary>Many nodes, each on a machine of its own, with folders that are removed with them.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("p2p-miner-bench-").FullName;
    private readonly List<NodeProcess?> _nodes = [];
    private readonly LocalNetwork _network;

    public Crowd(int machines) => _network = LocalNetwork.Create(machines);

    public LocalNetwork Network => _network;

    /// <summary>Those that run.</summary>
    public IEnumerable<NodeProcess> Nodes => _nodes.OfType<NodeProcess>();

    public NodeProcess this[int number] => _nodes[number] ?? throw new InvalidOperationException($"node {number} is gone");

    public string LogOf(int number) => Path.Combine(_home, $"{number}.log");

    /// <summary>Starts a node on the next machine; the default is one thread in light mode that goes where there is room.</summary>
    public NodeProcess Start(params string[] arguments) =>
        Start([], ["P2P_MINER_MEMORY=light", "P2P_MINER_THREADS=1", "P2P_MINER_AFFINITY=off"], arguments);

    public NodeProcess Start(IReadOnlyList<string> prefix, string[] environment, params string[] arguments)
    {
        int number = _nodes.Count;
        NodeProcess node = NodeProcess.StartPlainOn(_network.Machines[number], prefix, Path.Combine(_home, $"{number}"), environment, arguments);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Waits until every node sees all others.</summary>
    public Task TogetherAsync() => Task.WhenAll(Nodes.Select(node => node.UntilAsync(status => Peers(status) == Nodes.Count() - 1)));

    public async Task KillAsync(int number)
    {
        await this[number].KillAsync();
        await this[number].DisposeAsync();
        _nodes[number] = null;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Nodes.Select(node => node.DisposeAsync().AsTask()));
        _network.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    public static int Peers(JsonElement status) => status.GetProperty("clusterTotals").GetProperty("peers").GetInt32();

    public static string PeerId(JsonElement status) => status.GetProperty("peerId").GetString()!;

    public static string? Publisher(JsonElement status) =>
        status.GetProperty("job") is { ValueKind: JsonValueKind.Object } job ? job.GetProperty("publisher").GetString() : null;
}

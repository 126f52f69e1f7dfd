using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>A node's part in a cluster, on loopback, without miner threads.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    private TestNode(NodeOptions options, Ed25519KeyPair key)
    {
        Cluster = new ClusterNode(options, key, () => Status, TimeProvider.System, NullLoggerFactory.Instance);
        Id = PeerId.FromEd25519(key.PublicKey);
        Running = Cluster.RunAsync(_stop.Token);
    }

    public ClusterNode Cluster { get; }

    public PeerId Id { get; }

    /// <summary>What it tells the others.</summary>
    public MemberStatus Status { get; set; } = new() { Version = "1.0.0", Tip = new ChainTip(0, Hash256.Zero, 1) };

    public Task Running { get; }

    public Multiaddr Address => Multiaddr.Parse(Cluster.Listen[0]);

    /// <summary>Started and listening.</summary>
    public static async Task<TestNode> StartAsync(TemporaryDirectory directory, string name, Func<NodeOptions, NodeOptions>? change = null)
    {
        NodeOptions options = new()
        {
            DataDirectory = directory.File(name),
            Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            NoMdns = true,
            NoDht = true,
        };
        Directory.CreateDirectory(options.DataDirectory);
        Ed25519KeyPair key = IdentityFile.LoadOrCreate(Path.Combine(options.DataDirectory, "identity.key"));
        TestNode node = new(change?.Invoke(options) ?? options, key);
        await Wait.UntilAsync(() => node.Running.IsCompleted || node.Cluster.Listen.Count > 0, "the node listens");
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}

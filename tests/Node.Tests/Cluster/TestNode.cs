using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Blocks;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>A node's part in a cluster, on loopback, without miner threads.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    private TestNode(NodeOptions options, Ed25519KeyPair key, Action<TestNode>? prepare)
    {
        prepare?.Invoke(this);
        Id = PeerId.FromEd25519(key.PublicKey);
        Cluster = new ClusterNode(
            options, ClusterId.Of(options), key, () => Status with { Tip = TipOf(Tree.Tip) }, Tree, (share, _) => Task.FromResult(Prove(share)),
            new ClusterWork(Jobs, Keys, (_, _, _, _) => Task.FromResult(ProveBlock()), () => TimeSpan.Zero, block => Relay(block), key => Hold(key)), TimeProvider.System, NullLoggerFactory.Instance);
        Running = Cluster.RunAsync(_stop.Token);
    }

    public ClusterNode Cluster { get; }

    public PeerId Id { get; }

    /// <summary>Its share chain, on which every proof of work holds.</summary>
    public ShareTree Tree { get; set; } = TestChain.NewTree();

    /// <summary>What it thinks of others' proofs.</summary>
    public Func<Share, Proof> Prove { get; set; } = _ => Proof.Valid;

    /// <summary>The blocks of others that it may mine.</summary>
    public ForeignJobs Jobs { get; } = new();

    public KnownKeys Keys { get; } = new();

    /// <summary>What it thinks of the proofs of others' blocks.</summary>
    public Func<Proof> ProveBlock { get; set; } = () => Proof.Valid;

    /// <summary>Where it submits others' blocks.</summary>
    public BlockRelay Relay { get; set; } = _ => null;

    /// <summary>The datasets that it hosts.</summary>
    public Func<Hash256, HeldDataset?> Hold { get; set; } = _ => null;

    /// <summary>What it tells the others, but for the tip.</summary>
    public MemberStatus Status { get; set; } = new() { Version = "1.0.0", Tip = new ChainTip(0, Hash256.Zero, 1) };

    public Task Running { get; }

    public Multiaddr Address => Multiaddr.Parse(Cluster.Listen[0]);

    /// <summary>Started and listening.</summary>
    public static async Task<TestNode> StartAsync(TemporaryDirectory directory, string name, Func<NodeOptions, NodeOptions>? change = null, Action<TestNode>? prepare = null)
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
        TestNode node = new(change?.Invoke(options) ?? options, key, prepare);
        await Wait.UntilAsync(() => node.Running.IsCompleted || node.Cluster.Listen.Count > 0, "the node listens");
        return node;
    }

    /// <summary>Finds links on its tip.</summary>
    public void Mine(int count)
    {
        for (int i = 0; i < count; i++)
        {
            ShareHeader header = TestChain.ChildHeader(Tree.Tip) with { Miner = new MinerId(Id.Bytes) };
            Assert.That(Tree.AddVerified(Share.Embedded(header, nonce: 0), header.Timestamp).Status, Is.EqualTo(AddStatus.NewTip));
        }
    }

    private static ChainTip TipOf(Link tip) => new(tip.Height, tip.Id, tip.CumulativeDifficulty);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}

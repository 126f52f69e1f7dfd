using P2PMiner.Node.Api;
using P2PMiner.Node.Api.History;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Tests.Api;

/// <summary>A node in the middle of its work, with every field filled.</summary>
internal static class SampleStatus
{
    public const string Key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    public static IReadOnlyList<PeerStatus> Peers() =>
    [
        new("12D3KooWSample", "1.2.3", "auto", "worker", 512.5, 2, "light", false, new PeerChain(42, Key), [], "/ip4/192.168.1.7/tcp/9999", 1.5) { Name = "attic" },
        new("12D3KooWOther", "1.2.3", "auto", "relay", 0, 0, "light", true, new PeerChain(41, Key), [Key], null, 0.5),
    ];

    /// <summary>All of it, for an HTTP API.</summary>
    public static ApiSources Sources() => new(
        Create, () => HardwareReport.Read(new NodeOptions()),
        () => [new ShareStatus(DateTimeOffset.UnixEpoch, "chain", 7, 1000, Key, "accepted", Block: false)],
        Peers, Cluster, Contributions, new HashrateHistory(Create, TimeProvider.System));

    public static ContributionReport Contributions() => new(
        Key, 3, 1, 4000, [new("12D3KooWSelf", 0.55, 2200, 2, 0), new("12D3KooWSample", 0.45, 1800, 1, 1)]);

    /// <summary>This node, its two peers, and the connection with one of them.</summary>
    public static ClusterReport Cluster() => new(
        "home", IsPrivate: true, "12D3KooWSelf",
        [
            Member("12D3KooWSelf", "desk", "worker", 1200, isSelf: true) with { Memory = "full", DatasetKeys = [Key] },
            Member("12D3KooWSample", "attic", "dataset host, worker", 512.5) with { Address = "/ip4/192.168.1.7/tcp/9999", LatencySeconds = 0.0123 },
            Member("12D3KooWOther", "", "relay", 0) with { Daemon = true },
        ],
        [new ClusterLink("12D3KooWSelf", "12D3KooWSample", 0.0123)],
        new ClusterSums(3, 1712.5, 6, 1, 1));

    private static ClusterMember Member(string peer, string name, string role, double hashrate, bool isSelf = false) => new(
        peer, name, isSelf, "1.2.3", "auto", role, hashrate, 2, "light", 4, 8UL << 30, 4UL << 30, Daemon: false, new PeerChain(42, Key), [], null, null, 0.5);

    public static NodeStatus Create() => new()
    {
        Version = "1.2.3",
        Role = "worker",
        Cluster = "home",
        State = NodeState.Mining,
        UptimeSeconds = 185,
        Algorithm = "rx/0",
        Engine = "native",
        Memory = "full",
        Pages = "thp",
        PagesByStructure = new StructurePages("thp", "thp", "normal"),
        Threads = 4,
        Hashrate = new HashrateStatus(1234.5, 1200, null, 1300.25),
        TotalHashes = 123_456,
        Job = new JobStatus("daemon", 3_000_000, UInt128.Parse("340282366920938463463374607431768211455"), Key),
        Shares = new ShareCounts(10, 8, 1, 1),
        Blocks = new BlockCounts(2, 1, 1),
        Shadow = new ShadowStatus(480, 1, 2),
        Chain = new ChainStatus(42, Key, 5000),
        Contribution = new ContributionStatus(0.55, 3, 2),
        Dataset = new DatasetStatus(Key, "building", 0.25, 520, 0, 800_000, 31.5),
        Keys = new KeyStatus(Key, null),
        Daemons = [new DaemonEntry("http://127.0.0.1:18081", "active", 2_999_999, null)],
        ClusterTotals = new ClusterTotals(2, 1712.5),
        Events = [new NodeEvent(DateTimeOffset.UnixEpoch, "info", "block found")],
    };
}

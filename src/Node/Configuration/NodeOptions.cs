using System.Net;
using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.Node.Configuration;

/// <summary>What the user asked this node to be.</summary>
internal enum NodeMode
{
    /// <summary>What the machine can do decides.</summary>
    Auto,

    /// <summary>Holds the dataset, or refuses to start.</summary>
    Master,

    /// <summary>Hashes with what memory there is.</summary>
    Worker,
}

/// <summary>
/// What the user asked for, checked and typed; each initial value is the documented default. Made by
/// <see cref="OptionResolver"/> from command line, environment and configuration file.
/// </summary>
internal sealed record NodeOptions
{
    /// <summary>Port of the HTTP API when nothing else is said.</summary>
    public const int DefaultHttpPort = 8420;

    /// <summary>Port that nodes listen on for each other when nothing else is said.</summary>
    public const int DefaultPort = 9999;

    /// <summary>Public name of the proof of work.</summary>
    public string Algorithm { get; init; } = "rx/0";

    public NodeMode Mode { get; init; }

    /// <summary>Whether the dataset is held for others, or the start refused.</summary>
    public bool DatasetHost { get; init; }

    /// <summary>Miner threads; 0 hashes nothing and does everything else; null lets the thread plan decide.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether each miner thread is pinned to the CPU that the thread plan gives it.</summary>
    public bool Affinity { get; init; } = true;

    /// <summary>Whether miner threads run at the lowest scheduling priority, so that everything else goes first.</summary>
    public bool LowPriority { get; init; }

    /// <summary>Whether mining pauses while the machine runs on battery.</summary>
    public bool PauseOnBattery { get; init; }

    /// <summary>Monero daemons in order of preference; empty mines the embedded share chain alone.</summary>
    public IReadOnlyList<DaemonEndpoint> Daemons { get; init; } = [];

    /// <summary>The daemons' ZMQ publishers as <c>tcp://host:port</c>, beside the conventional ones.</summary>
    public IReadOnlyList<string> DaemonZmq { get; init; } = [];

    /// <summary>Monero address that block rewards go to; never null when there are <see cref="Daemons"/>.</summary>
    public MoneroAddress? Wallet { get; init; }

    /// <summary>Memory mode, or that the memory plan decides.</summary>
    public MemoryRequest Memory { get; init; }

    /// <summary>How much of the dataset is held in hybrid mode, whole MiB; null for what fits.</summary>
    public long? PartBytes { get; init; }

    public EngineKind Engine { get; init; }

    /// <summary>Pages of caches, datasets and scratchpads.</summary>
    public PagePreference Pages { get; init; }

    /// <summary>Directory that keeps datasets on disk; null is one in <see cref="DataDirectory"/>, where memory is for one dataset only.</summary>
    public string? DatasetCache { get; init; }

    /// <summary>Whether datasets are kept on disk at all.</summary>
    public bool KeepsDatasets { get; init; } = true;

    /// <summary>
    /// Bytes per second of datasets sent to other nodes; null is no limit. By default about half of what a line of 1 Gbit/s carries, so
    /// that the machine can still be used.
    /// </summary>
    public long? UploadLimit { get; init; } = 64L << 20;

    /// <summary>Where the HTTP API listens; null is off. Port 0 takes any free port.</summary>
    public IPEndPoint? Http { get; init; } = new(IPAddress.Loopback, DefaultHttpPort);

    /// <summary>File with the bearer token of the HTTP API; never null when it listens beyond loopback.</summary>
    public string? HttpToken { get; init; }

    /// <summary>Directory of the identity, the share chain, known peers, and blocks that wait for a daemon.</summary>
    public string DataDirectory { get; init; } = DefaultDataDirectory();

    /// <summary>Names the cluster and its share chain.</summary>
    public string Cluster { get; init; } = "default";

    /// <summary>File with the key that all nodes of the cluster have; null is an open cluster of the local network.</summary>
    public string? ClusterKey { get; init; }

    /// <summary>What people call this node.</summary>
    public string Name { get; init; } = OptionText.DefaultName(Environment.MachineName);

    /// <summary>Port for other nodes, 0 for any free one; null is <see cref="DefaultPort"/>, or any free one if that is taken.</summary>
    public int? Port { get; init; }

    /// <summary>Addresses to listen on instead of all; they have ports of their own.</summary>
    public IReadOnlyList<Multiaddr> Listen { get; init; } = [];

    /// <summary>Nodes to stay connected to, with or without their ids.</summary>
    public IReadOnlyList<Multiaddr> Connect { get; init; } = [];

    /// <summary>Whether nodes of the local network are not looked for.</summary>
    public bool NoMdns { get; init; }

    /// <summary>Whether no part is taken in the distributed hash table.</summary>
    public bool NoDht { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>File that gets the log besides the console; null writes none.</summary>
    public string? LogFile { get; init; }

    /// <summary>Checks what no single value can tell.</summary>
    /// <exception cref="UsageException">Values that do not go together.</exception>
    public void Validate()
    {
        if (Daemons.Count > 0 && Wallet is null)
            throw new UsageException("--daemon needs --wallet ADDRESS, the Monero address that block rewards go to");
        if (Daemons.Count == 0 && Wallet is not null)
            throw new UsageException("--wallet has no use without --daemon URL; add a daemon or leave the wallet out");
        if (Daemons.Count == 0 && DaemonZmq.Count > 0)
            throw new UsageException("--daemon-zmq has no use without --daemon URL; add the daemon that it belongs to");
        if (RolePlan.IsHostAskedFor(this) && Memory == MemoryRequest.Light)
            throw new UsageException("--mode master and --dataset-host hold the dataset, which --memory light excludes");
        if (Port is not null && Listen.Count > 0)
            throw new UsageException("--port and --listen exclude each other; a --listen address has its port in it");
        if (ClusterKey is null && Connect.FirstOrDefault(address => address is { IPAddress: not null, IsPrivate: false }) is Multiaddr far)
        {
            throw new UsageException(
                $"--connect {far.TcpEndPoint} is beyond the local network, where a cluster without a key does not go: make a key with p2p-miner cluster new FILE,"
                + " bring it to all nodes, and start them with --cluster-key FILE");
        }
        if (Http is not null && !IPAddress.IsLoopback(Http.Address) && HttpToken is null)
            throw new UsageException($"--http {Http} can be reached from other machines and needs --http-token FILE; or use 127.0.0.1");
    }

    /// <summary>
    /// <c>p2p-miner</c> in the user's data directory (Linux: $XDG_DATA_HOME, else ~/.local/share); in the current
    /// directory for a user without a home.
    /// </summary>
    private static string DefaultDataDirectory() =>
        Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
            "p2p-miner");
}

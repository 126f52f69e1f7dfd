using System.Collections.Immutable;

namespace P2PMiner.Node.Configuration;

/// <summary>Every option that can stand on the command line, in the environment and in the configuration file.</summary>
internal static class OptionDefinitions
{
    public static readonly OptionDefinition Algorithm = new(
        "algo", "NAME", "Proof of work: randomx or rx/0, two names for one.",
        (options, values) => options with { Algorithm = OptionText.Algorithm(values[0]) },
        options => options.Algorithm);

    /// <summary>Of single hashes, which need no coin that uses the algorithm.</summary>
    public static readonly OptionDefinition HashAlgorithm = Algorithm with
    {
        Description = "Proof of work: randomx or rx/0, two names for one, or rx/2, RandomX v2.",
        Apply = (options, values) => options with { Algorithm = OptionText.HashAlgorithm(values[0]) },
    };

    public static readonly OptionDefinition Mode = new(
        "mode", "auto|master|worker", "What this node is: master holds the dataset, worker hashes with what memory there is, auto decides.",
        (options, values) => options with { Mode = OptionText.Mode(values[0]) },
        options => OptionText.Mode(options.Mode));

    public static readonly OptionDefinition DatasetHost = new(
        "dataset-host", "on|off", "Hold the dataset whatever the mode, and refuse to start where it does not fit.",
        (options, values) => options with { DatasetHost = OptionText.Switch(values[0]) },
        options => OptionText.Switch(options.DatasetHost), OptionArity.Switch);

    public static readonly OptionDefinition Threads = new(
        "threads", "N|auto", "Miner threads; 0 hashes nothing and does everything else.",
        (options, values) => options with { Threads = OptionText.Threads(values[0]) },
        options => options.Threads?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "auto");

    public static readonly OptionDefinition Affinity = new(
        "affinity", "on|off", "Pin each miner thread to a CPU of its own.",
        (options, values) => options with { Affinity = OptionText.Switch(values[0]) },
        options => OptionText.Switch(options.Affinity), OptionArity.Switch);

    public static readonly OptionDefinition LowPriority = new(
        "low-priority", "on|off", "Run miner threads at the lowest scheduling priority.",
        (options, values) => options with { LowPriority = OptionText.Switch(values[0]) },
        options => OptionText.Switch(options.LowPriority), OptionArity.Switch);

    public static readonly OptionDefinition PauseOnBattery = new(
        "pause-on-battery", "on|off", "Pause mining while the machine runs on battery.",
        (options, values) => options with { PauseOnBattery = OptionText.Switch(values[0]) },
        options => OptionText.Switch(options.PauseOnBattery), OptionArity.Switch);

    public static readonly OptionDefinition Daemon = new(
        "daemon", "URL", "RPC address of a Monero daemon; repeat it for more, the first that answers is used.",
        (options, values) => options with { Daemons = [.. values.Select(OptionText.Daemon)] },
        options => OptionText.List(options.Daemons.Select(daemon => daemon.Name)),
        OptionArity.Many);

    public static readonly OptionDefinition DaemonZmq = new(
        "daemon-zmq", "ADDR", "A daemon's ZMQ publisher (monerod --zmq-pub), to learn of new blocks at once; repeat it for more.",
        (options, values) => options with { DaemonZmq = [.. values.Select(OptionText.Zmq)] },
        options => OptionText.List(options.DaemonZmq), OptionArity.Many);

    public static readonly OptionDefinition Wallet = new(
        "wallet", "ADDRESS", "Monero address that block rewards go to; required with --daemon.",
        (options, values) => options with { Wallet = OptionText.Wallet(values[0]) },
        options => options.Wallet?.Text ?? OptionText.None);

    public static readonly OptionDefinition Memory = new(
        "memory", "auto|full|light|hybrid|SIZE",
        "RandomX with the 2080 MiB dataset (full), only the 256 MiB cache (light), as much of the dataset as fits (hybrid), or cache and dataset of a size together, as 1200M.",
        OptionText.WithMemory,
        options => options.PartBytes is long part ? OptionText.MemorySize(part) : OptionText.Memory(options.Memory));

    public static readonly OptionDefinition Engine = new(
        "engine", "auto|native|managed|shadow", "What computes the hashes: librandomx (native), RandomX in C# (managed), or both, compared (shadow).",
        (options, values) => options with { Engine = OptionText.Engine(values[0]) },
        options => OptionText.Engine(options.Engine));

    public static readonly OptionDefinition Pages = new(
        "pages", "auto|huge|thp|normal", "Memory pages: reserved huge pages, transparent huge pages, or ordinary ones.",
        (options, values) => options with { Pages = OptionText.Pages(values[0]) },
        options => OptionText.Pages(options.Pages));

    public static readonly OptionDefinition DatasetCache = new(
        "dataset-cache", "auto|off|DIR",
        "Keep datasets on disk (2080 MiB each), the next key's ahead; auto does so in the data directory where memory is for one only.",
        OptionText.WithDatasetCache,
        options => options.DatasetCache ?? (options.KeepsDatasets ? "auto" : "off"));

    public static readonly OptionDefinition UploadLimit = new(
        "upload-limit", "N|off", "MiB per second of datasets that are sent to other nodes, all together.",
        (options, values) => options with { UploadLimit = OptionText.Rate(values[0]) },
        options => OptionText.Rate(options.UploadLimit));

    public static readonly OptionDefinition Http = new(
        "http", "ADDR:PORT|off", "Address of the HTTP API.",
        (options, values) => options with { Http = OptionText.Http(values[0]) },
        options => options.Http?.ToString() ?? "off");

    public static readonly OptionDefinition HttpToken = new(
        "http-token", "FILE", "File with the bearer token of the HTTP API; required for any address but loopback.",
        (options, values) => options with { HttpToken = OptionText.FilePath(values[0]) },
        options => options.HttpToken ?? OptionText.None);

    public static readonly OptionDefinition DataDirectory = new(
        "data-dir", "DIR", "Directory of the identity, the share chain, known peers, and blocks not yet submitted.",
        (options, values) => options with { DataDirectory = OptionText.FilePath(values[0]) },
        options => options.DataDirectory);

    public static readonly OptionDefinition Cluster = new(
        "cluster", "NAME", "Name of the cluster to join and of its share chain.",
        (options, values) => options with { Cluster = OptionText.Cluster(values[0]) },
        options => options.Cluster);

    public static readonly OptionDefinition ClusterKey = new(
        "cluster-key", "FILE", "Key that all nodes of the cluster have (p2p-miner cluster new); without one, the cluster is open to the LAN.",
        (options, values) => options with { ClusterKey = OptionText.FilePath(values[0]) },
        options => options.ClusterKey ?? OptionText.None);

    public static readonly OptionDefinition Name = new(
        "name", "NAME", "What this node is called in the cluster's views; the machine's name unless given.",
        (options, values) => options with { Name = OptionText.Name(values[0]) },
        options => options.Name);

    public static readonly OptionDefinition Port = new(
        "port", "N", "TCP port for other nodes, 0 for any free one; a free one too when the default is taken.",
        (options, values) => options with { Port = OptionText.Port(values[0]) },
        options => (options.Port ?? NodeOptions.DefaultPort).ToString(System.Globalization.CultureInfo.InvariantCulture));

    public static readonly OptionDefinition Listen = new(
        "listen", "MULTIADDR", "Listen for other nodes on this address only, such as /ip4/192.168.1.7/tcp/9999; repeat it for more.",
        (options, values) => options with { Listen = [.. values.Select(OptionText.ListenAddress)] },
        options => OptionText.List(options.Listen.Select(address => address.ToString())), OptionArity.Many);

    public static readonly OptionDefinition Connect = new(
        "connect", "HOST:PORT|MULTIADDR", "Stay connected to the node at this address; repeat it for more.",
        (options, values) => options with { Connect = [.. values.Select(OptionText.PeerAddress)] },
        options => OptionText.List(options.Connect.Select(address => address.ToString())), OptionArity.Many);

    public static readonly OptionDefinition NoMdns = new(
        "no-mdns", "on|off", "Do not look for nodes of the local network by multicast DNS.",
        (options, values) => options with { NoMdns = OptionText.Switch(values[0]) },
        options => OptionText.Switch(options.NoMdns), OptionArity.Switch);

    public static readonly OptionDefinition NoDht = new(
        "no-dht", "on|off", "Take no part in the distributed hash table.",
        (options, values) => options with { NoDht = OptionText.Switch(values[0]) },
        options => OptionText.Switch(options.NoDht), OptionArity.Switch);

    public static readonly OptionDefinition LogLevel = new(
        "log-level", "LEVEL", "trace, debug, info, warning or error.",
        (options, values) => options with { LogLevel = OptionText.Level(values[0]) },
        options => OptionText.Level(options.LogLevel));

    public static readonly OptionDefinition LogFile = new(
        "log-file", "FILE", "Write the log to this file too.",
        (options, values) => options with { LogFile = OptionText.FilePath(values[0]) },
        options => options.LogFile ?? OptionText.None);

    /// <summary>In the order of help and <c>--dry-run</c>.</summary>
    public static readonly ImmutableArray<OptionDefinition> All =
    [
        Mode, DatasetHost, Algorithm, Threads, Affinity, LowPriority, PauseOnBattery, Daemon, DaemonZmq, Wallet, Memory, Engine, Pages,
        DatasetCache, UploadLimit, Cluster, ClusterKey, Name, Port, Listen, Connect, NoMdns, NoDht, Http, HttpToken, DataDirectory, LogLevel, LogFile,
    ];
}

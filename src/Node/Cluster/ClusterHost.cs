using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using P2PMiner.Node.Cli;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Configuration;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Transport;

namespace P2PMiner.Node.Cluster;

/// <summary>Makes the libp2p host of a node: who may connect, what it listens on, and by which rules it gossips.</summary>
/// <param name="options">What the user asked for.</param>
/// <param name="cluster">The cluster.</param>
/// <param name="key">The identity.</param>
/// <param name="directory">Where the cluster's files are; exists.</param>
/// <param name="time">The clock of the host.</param>
/// <param name="logs">For the host, and one line when the default port is taken.</param>
internal sealed class ClusterHost(
    NodeOptions options, ClusterId cluster, Ed25519KeyPair key, string directory, TimeProvider time, ILoggerFactory logs)
{
    /// <summary>A failed address is left alone no longer than this: machines of a cluster are switched on and off.</summary>
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(15);

    /// <summary>Between queries by multicast, when those of the start are over: each is answered by all members, to all of them.</summary>
    private static readonly TimeSpan MdnsInterval = TimeSpan.FromSeconds(30);

    /// <summary>Machines of one house may stand behind one address.</summary>
    private const int NodesPerAddress = 64;

    /// <summary>Of one message: a Monero template of 5,000 transactions, and some.</summary>
    private const int MaxMessageSize = 256 * 1024;

    /// <summary>
    /// 1024 members, each every 3 s, are 341 a second, of which each neighbour in the mesh brings its part first: who is read later brings
    /// less.
    /// </summary>
    private static readonly MessageRate StatusRate = new(PerSecond: 100, AtOnce: 1024);

    /// <summary>A neighbour forwards what it has checked, 10 a second, and its own, more of them while the difficulty of a new chain rises.</summary>
    private static readonly MessageRate ShareRate = new(PerSecond: 40, AtOnce: 200);

    /// <summary>A neighbour forwards 20 a second. To read a large one costs more, whatever it says: the blocks of most templates are below this size.</summary>
    private static readonly MessageRate JobRate = new(PerSecond: 25, AtOnce: 120, Size: 64 * 1024);

    /// <summary>Loopback, link-local and private addresses: as far as an open cluster goes.</summary>
    public static bool IsNear(Multiaddr address) => address.IsPrivate;

    /// <summary>Starts the host.</summary>
    /// <param name="isWelcome">Whether a peer may connect.</param>
    /// <param name="entrance">How often anybody may.</param>
    /// <param name="configure">Adds handlers before the first connection can come in.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">An address cannot be listened on; the message says what to do.</exception>
    public async Task<Host> StartAsync(Func<PeerId, bool> isWelcome, Entrance entrance, Action<Host> configure, CancellationToken cancellation)
    {
        if (options.Listen.Count > 0)
            return await ListenAsync(options.Listen, "choose another address with --listen");
        if (options.Port is int port)
            return await ListenAsync(Everywhere(port), "choose another port with --port, or any free one with --port 0");
        try
        {
            return await ListenAsync(Everywhere(NodeOptions.DefaultPort), "choose another port with --port");
        }
        catch (IOException error) when (IsTaken(error))
        {
            logs.CreateLogger("cluster").LogInformation(
                "Port {Port} is taken, perhaps by another node of this machine: listening on a free one", NodeOptions.DefaultPort);
            return await ListenAsync(Everywhere(0), "choose a port with --port");
        }

        async Task<Host> ListenAsync(IReadOnlyList<Multiaddr> addresses, string advice)
        {
            try
            {
                return await Host.StartAsync(Settings(addresses, isWelcome, entrance), configure, logs, cancellation);
            }
            catch (IOException error)
            {
                throw new IOException($"{error.Message}; {advice}", error);
            }
        }
    }

    private static bool IsTaken(Exception? error) => error switch
    {
        null => false,
        SocketException socket => socket.SocketErrorCode == SocketError.AddressAlreadyInUse,
        _ => IsTaken(error.InnerException),
    };

    private static IReadOnlyList<Multiaddr> Everywhere(int port)
    {
        Multiaddr v4 = Multiaddr.FromTcp(new IPEndPoint(IPAddress.Any, port));
        return HasIPv6() ? [v4, Multiaddr.FromTcp(new IPEndPoint(IPAddress.IPv6Any, port))] : [v4];
    }

    /// <summary>Tried out: a system can understand the protocol and still have no address of it.</summary>
    private static bool HasIPv6()
    {
        if (!Socket.OSSupportsIPv6)
            return false;
        try
        {
            using Socket socket = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = false };
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private HostOptions Settings(IReadOnlyList<Multiaddr> listen, Func<PeerId, bool> isWelcome, Entrance entrance)
    {
        bool isOpen = cluster.Key is null;
        return new HostOptions
        {
            Key = key,
            Listen = listen,
            AgentVersion = $"p2p-miner/{VersionCommand.Version}",
            PreSharedKey = cluster.Key,
            PubSub = Gossip(entrance),
            Dht = options.NoDht ? null : new DhtOptions
            {
                AddressScope = isOpen ? IpScope.Private : IpScope.Public,
                TableFile = Path.Combine(directory, "dht"),
            },
            Mdns = options.NoMdns ? null : new MdnsOptions { ServiceName = cluster.MdnsService, QueryInterval = MdnsInterval },
            Limits = new ConnectionLimits { BackoffMax = MaxBackoff, MaxInboundPerHost = NodesPerAddress, MaxPendingInboundPerHost = NodesPerAddress },
            DialFilter = isOpen ? IsNear : null,
            InboundFilter = address => (!isOpen || IsNear(address)) && (address.IPAddress is not { } ip || entrance.MayKnock(ip)),
            PeerFilter = isWelcome,
            ConnectionFilter = (peer, address, direction) => address.IPAddress is not { } ip || entrance.MayEnter(peer, ip, direction),
            Time = time,
        };
    }

    private PubSubOptions Gossip(Entrance entrance)
    {
        string[] topics = [cluster.StatusTopic, cluster.SharesTopic, cluster.JobsTopic];
        return new PubSubOptions
        {
            Limits = new PubSubLimits
            {
                MaxDataSize = MaxMessageSize,
                TopicRates = new Dictionary<string, MessageRate>
                {
                    [cluster.StatusTopic] = StatusRate,
                    [cluster.SharesTopic] = ShareRate,
                    [cluster.JobsTopic] = JobRate,
                },
            },
            Gossip = new GossipOptions { RareTopics = new HashSet<string> { cluster.StatusTopic } },
            CuttingOff = entrance.Blame,
            Scores = new PeerScoreOptions
            {
                Topics = topics.ToDictionary(topic => topic, _ => TopicScore),
                ColocationThreshold = NodesPerAddress,
            },
        };
    }

    /// <summary>
    /// Quiet topics are normal, so missing messages count for nothing. A single invalid message, as bad memory may make one,
    /// puts its sender out of the meshes for half a minute; three in a row have it cut off.
    /// </summary>
    private static TopicScoreOptions TopicScore => new()
    {
        Weight = 1,
        DeliveryWeight = 0,
        FailureWeight = 0,
        InvalidWeight = -20,
        InvalidDecay = 0.97,
    };
}

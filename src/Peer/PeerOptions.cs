using System.Net;
using System.Text;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.PrivateNetwork;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.Transport;

namespace P2PMiner.Peer;

/// <summary>The command line of p2p-peer.</summary>
internal sealed record PeerOptions
{
    private const string StandardAddress = "/ip4/127.0.0.1/tcp/0";

    private const int MaxTopicBytes = 512;

    /// <summary>As much as fits into the RPCs that go-libp2p takes.</summary>
    private const int MaxDataSize = 1_000_000;

    /// <summary>An hour, in milliseconds.</summary>
    private const int MaxBackoff = 3_600_000;

    /// <summary>A day, in milliseconds.</summary>
    private const int MaxInterval = 86_400_000;

    /// <summary>The longest time that a timer takes, in seconds: about 49 days.</summary>
    private const int MaxLife = 4_294_967;

    private static readonly string[] FlagNames =
    [
        "--no-listen", "--mdns", "--mdns-dial", "--no-flood-publish", "--px", "--rpc-trace", "--dht-trace", "--no-early-muxer", "--any-addr",
    ];

    private static readonly string[] RepeatableNames = ["--listen", "--topic", "--dial"];

    private static readonly string[] SingleNames =
    [
        "--name", "--seed", "--key-type", "--agent", "--kad-mode", "--kad", "--kad-ns", "--k", "--alpha", "--mdns-service", "--mdns-interval",
        "--mdns-port", "--psk", "--psk-file", "--sign", "--msg-id", "--meshsub", "--heartbeat", "--d", "--dlo", "--dhi", "--dlazy", "--dout",
        "--prune-backoff", "--unsub-backoff", "--idontwant-min", "--max-conns", "--life",
    ];

    public string? Name { get; private init; }

    public required Ed25519KeyPair Key { get; init; }

    public required IReadOnlyList<Multiaddr> Listen { get; init; }

    public required IReadOnlyList<Multiaddr> Dial { get; init; }

    public required IReadOnlyList<string> Topics { get; init; }

    public required string Agent { get; init; }

    public PreSharedKey? PreSharedKey { get; private init; }

    public DhtOptions? Dht { get; private init; }

    public MdnsOptions? Mdns { get; private init; }

    public bool DialsDiscovered { get; private init; }

    public required PubSubOptions PubSub { get; init; }

    public bool TracesRpcs { get; private init; }

    public bool TracesDht { get; private init; }

    public bool EarlyMultiplexer { get; private init; }

    public bool AnyAddress { get; private init; }

    public int MaxConnections { get; private init; }

    public TimeSpan Life { get; private init; }

    /// <exception cref="BadOptionException">The message names the option.</exception>
    public static PeerOptions Parse(IReadOnlyList<string> arguments)
    {
        OptionReader reader = new(arguments, FlagNames, SingleNames, RepeatableNames);
        reader.Choice("--key-type", "Ed25519", "Ed25519");
        bool anyAddress = reader.Has("--any-addr");
        return new PeerOptions
        {
            Name = reader.Text("--name"),
            Key = reader.Key("--seed", text => Ed25519KeyPair.FromSeed(Convert.FromHexString(text))) ?? Ed25519KeyPair.Generate(),
            Listen = reader.Has("--no-listen") ? [] : Addresses(reader, "--listen", StandardAddress),
            Dial = Addresses(reader, "--dial"),
            Topics = ParseTopics(reader),
            Agent = reader.Text("--agent") ?? $"p2p-miner/{typeof(PeerOptions).Assembly.GetName().Version?.ToString(3)}",
            PreSharedKey = reader.Key("--psk", text => PreSharedKey.FromBytes(Convert.FromHexString(text)))
                ?? reader.Key("--psk-file", PreSharedKey.Load),
            Dht = ParseDht(reader, anyAddress),
            Mdns = ParseMdns(reader),
            DialsDiscovered = reader.Has("--mdns-dial"),
            PubSub = ParsePubSub(reader),
            TracesRpcs = reader.Has("--rpc-trace"),
            TracesDht = reader.Has("--dht-trace"),
            EarlyMultiplexer = !reader.Has("--no-early-muxer"),
            AnyAddress = anyAddress,
            MaxConnections = reader.Number("--max-conns", 300, minimum: 1),
            Life = TimeSpan.FromSeconds(reader.Number("--life", 900, minimum: 1, maximum: MaxLife)),
        };
    }

    private static IReadOnlyList<Multiaddr> Addresses(OptionReader reader, string name, params string[] standard)
    {
        IReadOnlyList<string> texts = reader.All(name) is { Count: > 0 } given ? given : standard;
        return [.. texts.Select(text => Multiaddr.TryParse(text, out Multiaddr? address)
            ? address
            : throw new BadOptionException($"{name}: '{text}' is no multiaddr"))];
    }

    private static DhtOptions? ParseDht(OptionReader reader, bool anyAddress)
    {
        string mode = reader.Choice("--kad-mode", "server", "server", "client", "off");
        DhtOptions options = new()
        {
            Protocol = Checked(reader.Text("--kad") ?? DhtOptions.DefaultProtocol),
            Mode = mode == "server" ? DhtMode.Server : DhtMode.Client,
            BucketSize = reader.Number("--k", 20, minimum: 1),
            Concurrency = reader.Number("--alpha", 10, minimum: 1),
            AddressScope = anyAddress ? IpScope.Public : IpScope.Loopback,
            Validators = (reader.Text("--kad-ns") ?? "p2pm,test,v")
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()
                .ToDictionary(name => name, _ => (IRecordValidator)new LargestValueRule()),
        };
        return mode == "off" ? null : options;
    }

    private static string Checked(string protocol) => protocol.StartsWith('/')
        ? protocol
        : throw new BadOptionException($"--kad: '{protocol}' does not begin with '/'");

    private static MdnsOptions? ParseMdns(OptionReader reader)
    {
        int port = reader.Number("--mdns-port", MdnsOptions.DefaultPort, minimum: 1, maximum: IPEndPoint.MaxPort);
        TimeSpan interval = reader.Milliseconds("--mdns-interval", 10_000, minimum: 10, maximum: MaxInterval);
        try
        {
            MdnsOptions options = new()
            {
                ServiceName = reader.Text("--mdns-service") ?? MdnsOptions.DefaultServiceName,
                Port = port,
                QueryInterval = interval,
                LoopbackOnly = true,
            };
            return reader.Has("--mdns") ? options : null;
        }
        catch (ArgumentException e)
        {
            throw new BadOptionException($"--mdns-service: {e.Message}");
        }
    }

    private static IReadOnlyList<string> ParseTopics(OptionReader reader) =>
        reader.All("--topic").FirstOrDefault(topic => Encoding.UTF8.GetByteCount(topic) is 0 or > MaxTopicBytes) is { } wrong
            ? throw new BadOptionException($"--topic: '{wrong}' has not 1 to {MaxTopicBytes} bytes")
            : reader.All("--topic");

    private static PubSubOptions ParsePubSub(OptionReader reader)
    {
        bool isSigned = reader.Choice("--sign", "strict", "strict", "none") == "strict";
        bool isJsId = reader.Choice("--msg-id", "spec", "spec", "js") == "js";
        return new PubSubOptions
        {
            Protocols = ParseVersions(reader),
            Signatures = isSigned ? SignaturePolicy.Sign : SignaturePolicy.NoSign,
            MessageId = isSigned ? isJsId ? MessageId.JsLibp2p : MessageId.Specification : MessageId.Content,
            FloodPublish = !reader.Has("--no-flood-publish"),
            PeerExchange = reader.Has("--px"),
            Mesh = ParseMesh(reader),
            Gossip = new GossipOptions
            {
                DLazy = reader.Number("--dlazy", 6),
                IDontWantMinSize = reader.Number("--idontwant-min", 512),
            },
            Limits = new PubSubLimits { MaxDataSize = MaxDataSize },
        };
    }

    private static string[] ParseVersions(OptionReader reader)
    {
        string[] known = [PubSubOptions.Version12, PubSubOptions.Version11, PubSubOptions.Version10];
        string[] given = [.. (reader.Text("--meshsub") ?? "1.2.0,1.1.0,1.0.0").Split(',').Select(version => $"/meshsub/{version}")];
        return given.Except(known).FirstOrDefault() is { } wrong
            ? throw new BadOptionException($"--meshsub: '{wrong}' is none of {string.Join(", ", known)}")
            : given;
    }

    // Degrees that are not given go along with those that are.
    private static MeshOptions ParseMesh(OptionReader reader)
    {
        int d = reader.Number("--d", 6);
        int low = reader.Number("--dlo", Math.Min(4, d));
        int high = reader.Number("--dhi", Math.Max(12, d));
        int outbound = reader.Number("--dout", Math.Clamp(Math.Min(low - 1, d / 2), 0, 2));
        if (low > d || d > high || (outbound > 0 && (outbound >= low || outbound > d / 2)))
            throw new BadOptionException($"--d, --dlo, --dhi, --dout: {d}, {low}, {high}, {outbound} are not dlo <= d <= dhi, dout < dlo, dout <= d / 2");
        return new MeshOptions
        {
            D = d,
            DLow = low,
            DHigh = high,
            DOut = outbound,
            DScore = Math.Min(4, d),
            Heartbeat = reader.Milliseconds("--heartbeat", 1000, minimum: 1),
            PruneBackoff = reader.Milliseconds("--prune-backoff", 60_000, maximum: MaxBackoff),
            UnsubscribeBackoff = reader.Milliseconds("--unsub-backoff", 10_000, maximum: MaxBackoff),
        };
    }
}

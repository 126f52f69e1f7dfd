using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Dht;

/// <summary>Settings of a DHT. Where a default has a source it is named; "spec" is libp2p/specs, kad-dht/README.md.</summary>
public sealed record DhtOptions
{
    /// <summary>This project's own network; all of its nodes and nobody else use it.</summary>
    public const string DefaultProtocol = "/p2p-miner/kad/1.0.0";

    /// <summary>Protocol id, matched literally: "/prefix/kad/1.0.0".</summary>
    public string Protocol { get; init; } = DefaultProtocol;

    /// <summary>What it starts as; <see cref="KademliaDht.SetModeAsync"/> changes it later.</summary>
    public DhtMode Mode { get; init; } = DhtMode.Server;

    /// <summary>k: contacts per bucket, and the peers that a record is stored at (spec: 20).</summary>
    public int BucketSize { get; init; } = 20;

    /// <summary>α: requests of one lookup that are under way at once (spec: 10).</summary>
    public int Concurrency { get; init; } = 10;

    /// <summary>d: disjoint paths of a lookup; null = α, as js-libp2p has it; 1 = none.</summary>
    public int? DisjointPaths { get; init; }

    /// <summary>
    /// The farthest-reaching addresses that are believed, dialled and served: loopback only, up to private ones, or (the default) all.
    /// Names are taken only where all are.
    /// </summary>
    public IpScope AddressScope { get; init; } = IpScope.Public;

    /// <summary>Validators by namespace: "v" for the keys "/v/…". Values of other namespaces are neither stored nor accepted.</summary>
    public IReadOnlyDictionary<string, IRecordValidator> Validators { get; init; } = new Dictionary<string, IRecordValidator>();

    /// <summary>Dialled at the start and whenever the table is empty. With /p2p/ID the remote must prove to be that peer.</summary>
    public IReadOnlyList<Multiaddr> Bootstrap { get; init; } = [];

    /// <summary>Where the routing table is kept between runs; null = nowhere.</summary>
    public string? TableFile { get; init; }

    /// <summary>One request with its dial. About six round trips of a slow line (js: adaptive, rust: 10 s).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A whole query of a caller (rust: 60 s, js: 180 s).</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A lookup for the upkeep of the table (spec, "Bootstrap process": 10 s).</summary>
    public TimeSpan RefreshTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a query waits for a first peer while the table is empty.</summary>
    public TimeSpan FirstPeerWait { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the first peer to the first lookup of ourselves, so that it starts from more than one (js: 1 s).</summary>
    public TimeSpan FirstLookupDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Between refreshes of the table (spec: 10 min).</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Contacts that have not been heard of for so long are asked for a sign of life.</summary>
    public TimeSpan ContactLifetime { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a record is kept after it was received (go, js, rust: 48 h).</summary>
    public TimeSpan RecordLifetime { get; init; } = TimeSpan.FromHours(48);

    /// <summary>How long a provider is kept after it announced itself (spec: 48 h).</summary>
    public TimeSpan ProviderLifetime { get; init; } = TimeSpan.FromHours(48);

    /// <summary>How long the addresses of a provider are kept (go: 24 h).</summary>
    public TimeSpan ProviderAddressLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Between announcements of what we provide and publish (spec: 22 h).</summary>
    public TimeSpan RepublishInterval { get; init; } = TimeSpan.FromHours(22);

    /// <summary>
    /// Contacts with public addresses of one IPv4 /16 or IPv6 /32, in the whole table (go: 3), so that filling it takes addresses and not
    /// only keys. More than go's, for machines of one owner often stand together.
    /// </summary>
    public int ContactsPerGroup { get; init; } = 12;

    /// <summary>The same in one bucket (go: 2).</summary>
    public int ContactsPerGroupAndBucket { get; init; } = 4;

    /// <summary>Streams of the protocol that one connection may open to us.</summary>
    public int InboundStreams { get; init; } = 64;

    /// <summary>Streams of the protocol that we open on one connection; more requests wait (js accepts 32).</summary>
    public int OutboundStreams { get; init; } = 16;

    /// <summary>Requests per second that one peer may make in the long run; it has to wait when it makes more.</summary>
    public int RequestsPerSecond { get; init; } = 500;

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    internal void Validate()
    {
        if (!Protocol.StartsWith('/'))
            throw new ArgumentException("the protocol id of the DHT has to begin with '/'", nameof(Protocol));
        if (Validators.Keys.FirstOrDefault(name => name.Length == 0 || name.Contains('/')) is string wrong)
            throw new ArgumentException($"'{wrong}' is no namespace", nameof(Validators));
        RequirePositive(BucketSize, nameof(BucketSize));
        RequirePositive(Concurrency, nameof(Concurrency));
        RequirePositive(DisjointPaths ?? 1, nameof(DisjointPaths));
        RequirePositive(ContactsPerGroup, nameof(ContactsPerGroup));
        RequirePositive(ContactsPerGroupAndBucket, nameof(ContactsPerGroupAndBucket));
        RequirePositive(InboundStreams, nameof(InboundStreams));
        RequirePositive(OutboundStreams, nameof(OutboundStreams));
        RequirePositive(RequestsPerSecond, nameof(RequestsPerSecond));
    }

    private static void RequirePositive(int value, string name)
    {
        if (value < 1)
            throw new ArgumentException($"{name} has to be at least 1, not {value}", name);
    }
}

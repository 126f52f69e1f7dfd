using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Dht.Serving;

/// <summary>Answers requests (libp2p/specs, kad-dht/README.md, "RPC messages"). A refusal is an exception: it costs the asker its stream.</summary>
internal sealed class RequestHandler(
    IDhtNetwork network,
    RoutingTable table,
    RecordStore records,
    ProviderStore providers,
    Publications publications,
    RecordRules rules,
    DhtOptions options,
    Random random)
{
    /// <summary>Addresses sent per peer.</summary>
    private const int MaxSentAddresses = 8;

    /// <summary>The answer to a request, or null if it has none.</summary>
    /// <exception cref="InvalidDataException">The request breaks a rule; the message says which.</exception>
    internal DhtMessage? Handle(Asker asker, DhtMessage request)
    {
        try
        {
            DhtMessage? answer = request.Type switch
            {
                DhtMessageType.FindNode => FindNode(asker, request),
                DhtMessageType.GetValue => GetValue(asker, request),
                DhtMessageType.PutValue => PutValue(asker, request),
                DhtMessageType.GetProviders => GetProviders(asker, request),
                DhtMessageType.AddProvider => AddProvider(asker, request),
                DhtMessageType.Ping => new DhtMessage(DhtMessageType.Ping, request.Key),
                _ => throw new InvalidDataException("unknown type"),
            };
            DhtMetrics.Served(request.Type, refused: false);
            return answer;
        }
        catch (InvalidDataException)
        {
            DhtMetrics.Served(request.Type, refused: true);
            throw;
        }
    }

    private DhtMessage FindNode(Asker asker, DhtMessage request)
    {
        RequireKey(request);
        List<DhtPeer> closer = Closer(asker, request.Key.Span);
        if (PeerId.TryDecode(request.Key.Span, out PeerId? target)
            && !target.Equals(asker.Peer)
            && !closer.Exists(peer => peer.Peer.Equals(target)))
            AddTarget(asker, target, closer);
        return new DhtMessage(DhtMessageType.FindNode) { CloserPeers = Fit(closer, WireLimits.MaxSentCloserSize) };
    }

    /// <summary>What we know of the very peer looked for goes first, even if it is no server; so do we ourselves.</summary>
    private void AddTarget(Asker asker, PeerId target, List<DhtPeer> closer)
    {
        DhtPeer described = Describe(asker, target);
        if (described.Addresses.Count > 0)
            closer.Insert(0, described);
    }

    private DhtMessage GetValue(Asker asker, DhtMessage request)
    {
        RequireKey(request);
        DhtRecord? record = records.Find(request.Key) is StoredRecord stored
            ? new DhtRecord(request.Key, stored.Value, Rfc3339.Format(stored.Received))
            : null;
        return new DhtMessage(DhtMessageType.GetValue, request.Key)
        {
            Record = record,
            CloserPeers = Fit(Closer(asker, request.Key.Span), WireLimits.MaxSentCloserSize),
        };
    }

    private DhtMessage PutValue(Asker asker, DhtMessage request)
    {
        if (request.Record is not DhtRecord record)
            throw new InvalidDataException("PUT_VALUE without a record");
        if (!record.Key.Span.SequenceEqual(request.Key.Span))
            throw new InvalidDataException("PUT_VALUE with a record of another key");
        IRecordValidator validator = rules.Accept(record.Key.Span, record.Value.Span)
            ?? throw new InvalidDataException("PUT_VALUE of an unknown namespace or with a value that is not valid");
        if (!records.TryPut(record.Key, record.Value, asker.Peer, validator))
            throw new InvalidDataException("PUT_VALUE of a value that is worse than the one stored");
        return new DhtMessage(DhtMessageType.PutValue, request.Key) { Record = record };
    }

    private DhtMessage GetProviders(Asker asker, DhtMessage request)
    {
        RequireProviderKey(request);
        PeerId[] known = [.. providers.Find(request.Key)];
        lock (random)
            random.Shuffle(known);
        IEnumerable<PeerId> named = publications.Provides(request.Key) ? known.Prepend(network.LocalPeer) : known;
        return new DhtMessage(DhtMessageType.GetProviders, request.Key)
        {
            CloserPeers = Fit(Closer(asker, request.Key.Span), WireLimits.MaxSentCloserSize),
            ProviderPeers = Fit(
                named.Select(peer => Describe(asker, peer)).Where(peer => peer.Addresses.Count > 0), WireLimits.MaxSentProvidersSize),
        };
    }

    private DhtMessage? AddProvider(Asker asker, DhtMessage request)
    {
        RequireProviderKey(request);
        DhtPeer own = request.ProviderPeers.FirstOrDefault(peer => peer.Peer.Equals(asker.Peer))
            ?? throw new InvalidDataException("ADD_PROVIDER in the name of others");
        IReadOnlyList<Multiaddr> addresses =
            AddressFilter.Within(options.AddressScope, own.Addresses, own.Peer, WireLimits.MaxAddresses);
        if (addresses.Count == 0)
            throw new InvalidDataException("ADD_PROVIDER without an address");
        network.Learn(asker.Peer, addresses, options.ProviderAddressLifetime);
        providers.Add(request.Key, asker.Peer);
        return null;
    }

    /// <summary>The closest contacts; those that failed to answer us lately are nobody to be sent to.</summary>
    private List<DhtPeer> Closer(Asker asker, ReadOnlySpan<byte> key) =>
        [.. table.Closest(KadKey.Of(key), options.BucketSize, asker.Peer)
            .Where(contact => contact.Failures == 0)
            .Select(contact => Describe(asker, contact.Peer))
            .Where(peer => peer.Addresses.Count > 0)];

    /// <summary>A peer with the addresses that make sense where the asker is.</summary>
    private DhtPeer Describe(Asker asker, PeerId peer)
    {
        IReadOnlyList<Multiaddr> known = peer.Equals(network.LocalPeer) ? network.LocalAddresses : network.AddressesOf(peer);
        IEnumerable<Multiaddr> useful = asker.Scope == IpScope.Loopback
            ? known
            : known.Where(address => AddressFilter.ScopeOf(address) != IpScope.Loopback);
        return new DhtPeer(peer, [.. useful.Take(MaxSentAddresses)]);
    }

    /// <summary>As many of the peers as fit.</summary>
    private static List<DhtPeer> Fit(IEnumerable<DhtPeer> peers, int size)
    {
        List<DhtPeer> fitting = [];
        foreach (DhtPeer peer in peers)
        {
            size -= DhtMessageEncoder.SizeInMessage(peer);
            if (size < 0)
                break;
            fitting.Add(peer);
        }
        return fitting;
    }

    private static void RequireKey(DhtMessage request)
    {
        if (request.Key.IsEmpty)
            throw new InvalidDataException($"{request.Type} without a key");
    }

    private static void RequireProviderKey(DhtMessage request)
    {
        if (!ProviderKey.TryDecode(request.Key.Span, out _))
            throw new InvalidDataException($"{request.Type} with a key that is no multihash");
    }
}

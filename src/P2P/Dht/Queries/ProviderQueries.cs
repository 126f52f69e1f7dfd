using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Lookups;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Queries;

/// <summary>Announcing and finding providers (libp2p/specs, kad-dht/README.md, "Content provider advertisement and discovery").</summary>
internal sealed class ProviderQueries(QueryEngine engine, PeerQueries peers, ProviderStore store, Publications publications)
{
    /// <summary>Providers that one search gives back at most.</summary>
    private const int MaxFound = 4096;

    /// <summary>Providers named without an address whose address is looked for.</summary>
    private const int MaxResolved = 8;

    /// <summary>How long the addresses of providers that we found are remembered.</summary>
    private static readonly TimeSpan FoundLifetime = TimeSpan.FromMinutes(30);

    private readonly IDhtNetwork _network = engine.Network;

    /// <summary>Tells the k closest peers that we provide something.</summary>
    internal async Task<ProvideResult> AnnounceAsync(ReadOnlyMemory<byte> key, DhtQueryOptions? how, CancellationToken cancellation)
    {
        using Query query = engine.Begin("provide", how, cancellation);
        IReadOnlyList<PeerId> receivers = await query.FindReceiversAsync(key).ConfigureAwait(false);
        DhtMessage message = new(DhtMessageType.AddProvider, key)
        {
            ProviderPeers = [new DhtPeer(_network.LocalPeer, _network.LocalAddresses)],
        };
        IReadOnlyList<PeerId> sentTo = await query.ForEachAsync(
            receivers, (peer, limit) => engine.Requester.SendAsync(peer, message, query.Trace, limit)).ConfigureAwait(false);
        return new ProvideResult(sentTo, query.Finish());
    }

    internal async Task<FindProvidersResult> FindAsync(
        ReadOnlyMemory<byte> key, int? count, DhtQueryOptions? how, CancellationToken cancellation)
    {
        using Query query = engine.Begin("find_providers", how, cancellation);
        Findings findings = new(count ?? MaxFound, _network, engine.Options, query.Trace);
        if (publications.Provides(key))
            findings.Add(_network.LocalPeer, [new DhtPeer(_network.LocalPeer, _network.LocalAddresses)]);
        findings.Add(_network.LocalPeer, [.. store.Find(key).Select(peer => new DhtPeer(peer, _network.AddressesOf(peer)))]);
        if (!findings.IsEnough)
        {
            await query.LookupAsync(
                new DhtMessage(DhtMessageType.GetProviders, key),
                (from, answer) => findings.Add(from.Peer, answer.ProviderPeers)).ConfigureAwait(false);
        }
        foreach ((PeerId provider, PeerId from) in findings.Unresolved.Take(MaxResolved))
        {
            if (!findings.IsEnough && !query.Limit.IsCancellationRequested)
                findings.Add(from, [new DhtPeer(provider, await peers.ResolveAsync(provider, query).ConfigureAwait(false))]);
        }
        foreach (DhtProvider provider in findings.Providers)
            _network.Learn(provider.Peer, provider.Addresses, FoundLifetime);
        return new FindProvidersResult(findings.Providers, query.Finish());
    }

    /// <summary>The providers found so far, each once.</summary>
    private sealed class Findings(int limit, IDhtNetwork network, DhtOptions options, QueryTrace trace)
    {
        private readonly Dictionary<PeerId, int> _places = [];
        private readonly List<DhtProvider> _providers = [];
        private readonly Dictionary<PeerId, PeerId> _unresolved = [];

        internal IReadOnlyList<DhtProvider> Providers => _providers;

        internal bool IsEnough => _providers.Count >= limit;

        /// <summary>Providers that were named without an address, with who named them.</summary>
        internal IReadOnlyList<KeyValuePair<PeerId, PeerId>> Unresolved =>
            [.. _unresolved.Where(entry => !_places.ContainsKey(entry.Key))];

        /// <returns>True when enough are found.</returns>
        internal bool Add(PeerId from, IReadOnlyList<DhtPeer> named)
        {
            List<DhtPeer> fresh = [];
            foreach (DhtPeer provider in named)
            {
                IReadOnlyList<Multiaddr> addresses =
                    AddressFilter.Within(options.AddressScope, provider.Addresses, provider.Peer, WireLimits.MaxAddresses);
                if (addresses.Count == 0)
                    addresses = network.AddressesOf(provider.Peer);
                if (_places.TryGetValue(provider.Peer, out int place))
                    Merge(place, addresses);
                else if (addresses.Count == 0)
                    Postpone(provider.Peer, from);
                else if (!IsEnough)
                    fresh.Add(Place(new DhtProvider(provider.Peer, addresses, from)));
            }
            if (fresh.Count > 0)
                trace.Providers(from, fresh);
            return IsEnough;
        }

        private DhtPeer Place(DhtProvider provider)
        {
            _places.Add(provider.Peer, _providers.Count);
            _providers.Add(provider);
            return new DhtPeer(provider.Peer, provider.Addresses);
        }

        private void Merge(int place, IReadOnlyList<Multiaddr> addresses)
        {
            DhtProvider known = _providers[place];
            _providers[place] = known with { Addresses = [.. known.Addresses.Union(addresses).Take(WireLimits.MaxAddresses)] };
        }

        private void Postpone(PeerId provider, PeerId from)
        {
            if (_unresolved.Count < MaxResolved)
                _unresolved.TryAdd(provider, from);
        }
    }
}

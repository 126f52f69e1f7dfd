using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Lookups;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Queries;

/// <summary>Finding peers (libp2p/specs, kad-dht/README.md, "Peer routing").</summary>
internal sealed class PeerQueries(QueryEngine engine)
{
    private readonly IDhtNetwork _network = engine.Network;

    internal async Task<ClosestPeersResult> GetClosestAsync(
        ReadOnlyMemory<byte> key, DhtQueryOptions? how, CancellationToken cancellation, string kind = "closest_peers")
    {
        using Query query = engine.Begin(kind, how, cancellation);
        IReadOnlyList<LookupPeer> answered =
            await query.LookupAsync(new DhtMessage(DhtMessageType.FindNode, key), static (_, _) => false).ConfigureAwait(false);
        return new ClosestPeersResult(query.Closest(answered), query.Finish());
    }

    internal async Task<FindPeerResult> FindAsync(PeerId target, bool useCache, DhtQueryOptions? how, CancellationToken cancellation)
    {
        using Query query = engine.Begin("find_peer", how, cancellation);
        IReadOnlyList<Multiaddr> known = target.Equals(_network.LocalPeer) ? _network.LocalAddresses : _network.AddressesOf(target);
        if (target.Equals(_network.LocalPeer) || (useCache && known.Count > 0))
        {
            query.Trace.Final(target);
            return new FindPeerResult(new DhtPeer(target, known), null, query.Finish());
        }
        Sighting sighting = new(target, _network, engine.Options);
        await query.LookupAsync(new DhtMessage(DhtMessageType.FindNode, target.Bytes.ToArray()), sighting.Take).ConfigureAwait(false);
        if (sighting.Found is not null)
            query.Trace.Final(target);
        return new FindPeerResult(sighting.Found, sighting.From, query.Finish());
    }

    /// <summary>Addresses of a peer, found in the course of another query; empty if it cannot be found.</summary>
    internal async Task<IReadOnlyList<Multiaddr>> ResolveAsync(PeerId target, Query query)
    {
        Sighting sighting = new(target, _network, engine.Options);
        DhtMessage request = new(DhtMessageType.FindNode, target.Bytes.ToArray());
        await engine.LookupAsync(request.Key, request, query.Trace, sighting.Take, query.Limit).ConfigureAwait(false);
        return sighting.Found?.Addresses ?? [];
    }

    /// <summary>
    /// Gathers what others say about a peer's whereabouts. Anyone may lie about them, so the search is over only when we are connected
    /// to the peer itself; as it is closest to its own id, the lookup asks it as soon as it knows an address.
    /// </summary>
    private sealed class Sighting(PeerId target, IDhtNetwork network, DhtOptions options)
    {
        private readonly List<Multiaddr> _addresses = [];

        internal PeerId? From { get; private set; }

        internal DhtPeer? Found => _addresses.Count == 0 ? null : new DhtPeer(target, _addresses);

        /// <returns>True when the search is over.</returns>
        internal bool Take(LookupPeer from, DhtMessage answer)
        {
            foreach (DhtPeer named in answer.CloserPeers.Where(peer => peer.Peer.Equals(target)))
                Add(from.Peer, AddressFilter.Within(options.AddressScope, named.Addresses, target, WireLimits.MaxAddresses));
            if (from.Peer.Equals(target))
                Add(target, network.AddressesOf(target));
            return _addresses.Count > 0 && (from.Peer.Equals(target) || network.IsConnected(target));
        }

        private void Add(PeerId from, IReadOnlyList<Multiaddr> addresses)
        {
            foreach (Multiaddr address in addresses)
            {
                if (_addresses.Count < WireLimits.MaxAddresses && !_addresses.Contains(address))
                    _addresses.Add(address);
            }
            if (addresses.Count > 0)
                From ??= from;
        }
    }
}

using System.Collections.Concurrent;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>What is known of other peers: addresses, protocols, and what they say they run.</summary>
public sealed class PeerStore(TimeProvider time)
{
    private readonly ConcurrentDictionary<PeerId, PeerInfo> _peers = new();

    /// <summary>Adds addresses learned from anyone; they last for <paramref name="lifetime"/> unless seen again.</summary>
    public void AddAddresses(PeerId peer, IEnumerable<Multiaddr> addresses, TimeSpan lifetime)
    {
        PeerInfo info = _peers.GetOrAdd(peer, static id => new PeerInfo(id));
        info.Add(addresses, time.GetUtcNow() + lifetime);
    }

    /// <summary>The addresses of a peer that have not expired, certified ones first; without /p2p. Empty for an unknown peer.</summary>
    public IReadOnlyList<Multiaddr> Addresses(PeerId peer) =>
        _peers.TryGetValue(peer, out PeerInfo? info) ? info.Addresses(time.GetUtcNow()) : [];

    /// <summary>The protocols a peer announced, or null if it has not been identified.</summary>
    public IReadOnlyList<string>? Protocols(PeerId peer) =>
        _peers.TryGetValue(peer, out PeerInfo? info) ? info.Protocols : null;

    internal void SetProtocols(PeerId peer, IReadOnlyList<string> protocols) =>
        _peers.GetOrAdd(peer, static id => new PeerInfo(id)).Protocols = protocols;

    private sealed class PeerInfo(PeerId id)
    {
        private readonly Dictionary<Multiaddr, DateTimeOffset> _expiries = [];

        internal PeerId Id { get; } = id;

        internal IReadOnlyList<string>? Protocols { get; set; }

        internal void Add(IEnumerable<Multiaddr> addresses, DateTimeOffset expiry)
        {
            lock (_expiries)
            {
                foreach (Multiaddr address in addresses)
                    _expiries[address] = expiry;
            }
        }

        internal IReadOnlyList<Multiaddr> Addresses(DateTimeOffset now)
        {
            lock (_expiries)
                return [.. _expiries.Where(entry => entry.Value > now).Select(entry => entry.Key)];
        }
    }
}

using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>One peer of the <see cref="PeerStore"/>, under its lock.</summary>
internal sealed class PeerEntry(PeerId peer)
{
    private readonly Dictionary<Multiaddr, (DateTimeOffset Expires, bool Certified)> _addresses = [];
    private ulong? _sequence;

    internal PeerId Peer => peer;

    internal bool IsConnected { get; set; }

    internal IReadOnlyList<string>? Protocols { get; set; }

    internal string? AgentVersion { get; set; }

    internal string? ProtocolVersion { get; set; }

    internal ReadOnlyMemory<byte>? Record { get; private set; }

    internal DateTimeOffset LastExpiry { get; private set; }

    /// <summary>Notes a newer signed record; the addresses of the former lose their certificate.</summary>
    internal bool TryTakeRecord(ulong sequence, ReadOnlySpan<byte> envelope)
    {
        if (sequence <= _sequence)
            return false;
        _sequence = sequence;
        Record = envelope.Length <= PeerStore.MaxRecordSize ? envelope.ToArray() : null;
        foreach ((Multiaddr address, (DateTimeOffset Expires, bool Certified) known) in _addresses)
        {
            if (known.Certified)
                _addresses.Remove(address);
        }
        return true;
    }

    internal void Add(IEnumerable<Multiaddr> addresses, DateTimeOffset expires, bool certified)
    {
        foreach (Multiaddr address in addresses.Take(PeerStore.MaxAddresses))
        {
            Multiaddr plain = address.WithoutPeer();
            bool isKnown = _addresses.TryGetValue(plain, out (DateTimeOffset Expires, bool Certified) known);
            if (!isKnown && _addresses.Count >= PeerStore.MaxAddresses && !TryMakeRoom(certified))
                continue;
            _addresses[plain] = (known.Expires > expires ? known.Expires : expires, known.Certified || certified);
        }
        LastExpiry = expires > LastExpiry ? expires : LastExpiry;
    }

    /// <summary>What counts now counts for some more time.</summary>
    internal void Prolong(DateTimeOffset now, TimeSpan lifetime)
    {
        DateTimeOffset expires = now + lifetime;
        foreach ((Multiaddr address, (DateTimeOffset Expires, bool Certified) known) in _addresses)
        {
            if (known.Expires < expires)
                _addresses[address] = (expires, known.Certified);
        }
        LastExpiry = expires > LastExpiry ? expires : LastExpiry;
    }

    /// <summary>The addresses that count now, certified ones first.</summary>
    internal IEnumerable<KnownAddress> Addresses(DateTimeOffset now) => _addresses
        .Where(entry => IsConnected || entry.Value.Expires > now)
        .OrderByDescending(static entry => entry.Value.Certified)
        .Select(static entry => new KnownAddress(entry.Key, entry.Value.Certified, entry.Value.Expires));

    internal KnownPeer ToKnown(DateTimeOffset now) =>
        new(peer, [.. Addresses(now)], Protocols, AgentVersion, ProtocolVersion, Record);

    private bool TryMakeRoom(bool forCertified)
    {
        KeyValuePair<Multiaddr, (DateTimeOffset Expires, bool Certified)>[] replaceable =
            [.. _addresses.Where(entry => forCertified || !entry.Value.Certified)];
        return replaceable.Length > 0 && _addresses.Remove(replaceable.MinBy(static entry => (entry.Value.Certified, entry.Value.Expires)).Key);
    }
}

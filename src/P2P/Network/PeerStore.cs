using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>
/// What is known of other peers: addresses, protocols, and what they say they run (libp2p/specs, connections/README.md, "Peer Metadata
/// Storage"; certified addresses: RFC/0003-routing-records.md, "Peer Store APIs"). Thread-safe.
/// </summary>
/// <remarks>
/// Bounded: at most <see cref="MaxPeers"/> peers (beyond, the one that is not connected and whose addresses end first is forgotten),
/// <see cref="MaxAddresses"/> addresses per peer, <see cref="MaxRecordSize"/> bytes per signed record and
/// <see cref="MaxProtocolBytes"/> of protocol ids per peer.
/// </remarks>
public sealed class PeerStore(TimeProvider time)
{
    /// <summary>Peers remembered.</summary>
    public const int MaxPeers = 4096;

    /// <summary>Addresses remembered per peer.</summary>
    public const int MaxAddresses = 32;

    /// <summary>A longer signed record is used, but not kept for others.</summary>
    public const int MaxRecordSize = 4096;

    /// <summary>Characters of protocol ids kept per peer.</summary>
    public const int MaxProtocolBytes = 8192;

    /// <summary>How long addresses last that a peer itself told, counted from when it was last connected. As js-libp2p.</summary>
    public static readonly TimeSpan IdentifiedLifetime = TimeSpan.FromHours(1);

    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, PeerEntry> _peers = [];
    private DateTimeOffset _nextSweep = time.GetUtcNow() + SweepInterval;

    /// <summary>Peers that something is known of.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _peers.Count;
        }
    }

    /// <summary>Adds addresses learned from anyone; they last for <paramref name="lifetime"/> unless seen again.</summary>
    public void AddAddresses(PeerId peer, IEnumerable<Multiaddr> addresses, TimeSpan lifetime) =>
        Add(peer, addresses, lifetime, certified: false);

    /// <summary>Takes a verified signed record: its addresses count as certified, former certified ones no longer.</summary>
    /// <param name="record">What <see cref="PeerRecord.TryVerify"/> gave.</param>
    /// <param name="envelope">The bytes that it was read from.</param>
    /// <param name="lifetime">How long its addresses last.</param>
    /// <returns>False if the record is not newer than the one known.</returns>
    public bool TryAddRecord(PeerRecord record, ReadOnlySpan<byte> envelope, TimeSpan lifetime)
    {
        lock (_lock)
        {
            PeerEntry entry = EntryOf(record.Peer);
            if (!entry.TryTakeRecord(record.Sequence, envelope))
                return false;
            entry.Add(record.Addresses, time.GetUtcNow() + lifetime, certified: true);
            return true;
        }
    }

    /// <summary>The addresses of a peer that have not expired, certified ones first; without /p2p. Empty for an unknown peer.</summary>
    public IReadOnlyList<Multiaddr> Addresses(PeerId peer)
    {
        lock (_lock)
        {
            return _peers.TryGetValue(peer, out PeerEntry? entry)
                ? [.. entry.Addresses(time.GetUtcNow()).Select(static known => known.Address)]
                : [];
        }
    }

    /// <summary>The protocols a peer announced, or null if it has not been identified.</summary>
    public IReadOnlyList<string>? Protocols(PeerId peer)
    {
        lock (_lock)
            return _peers.TryGetValue(peer, out PeerEntry? entry) ? entry.Protocols : null;
    }

    /// <summary>A peer's last signed record as it came, to be passed on; null if it never sent one.</summary>
    public ReadOnlyMemory<byte>? SignedRecord(PeerId peer)
    {
        lock (_lock)
            return _peers.TryGetValue(peer, out PeerEntry? entry) ? entry.Record : null;
    }

    /// <summary>All that is known of a peer, or null.</summary>
    public KnownPeer? Find(PeerId peer)
    {
        lock (_lock)
            return _peers.TryGetValue(peer, out PeerEntry? entry) ? entry.ToKnown(time.GetUtcNow()) : null;
    }

    /// <summary>All peers with an address that has not expired, to be kept between runs.</summary>
    public IReadOnlyList<KnownPeer> Snapshot()
    {
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            return [.. _peers.Values.Select(entry => entry.ToKnown(now)).Where(static peer => peer.Addresses.Count > 0)];
        }
    }

    /// <summary>Takes a former run's addresses as far as they have not expired. Signed records are verified again; the rest is believed.</summary>
    public void Restore(IEnumerable<KnownPeer> peers)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (KnownPeer peer in peers.Take(MaxPeers))
        {
            KnownAddress[] live = [.. peer.Addresses.Where(known => known.Expires > now)];
            if (live.Length == 0)
                continue;
            TimeSpan rest = live.Max(static known => known.Expires) - now;
            if (peer.SignedRecord is { } envelope && PeerRecord.TryVerify(envelope.Span, out PeerRecord? record) && record.Peer.Equals(peer.Peer))
                TryAddRecord(record, envelope.Span, rest);
            Add(peer.Peer, live.Select(static known => known.Address), rest, certified: false);
        }
    }

    /// <summary>Replaces what a peer told of itself; null leaves a part as it was.</summary>
    internal void SetIdentity(PeerId peer, IReadOnlyList<string>? protocols, string? agentVersion, string? protocolVersion)
    {
        lock (_lock)
        {
            PeerEntry entry = EntryOf(peer);
            entry.Protocols = protocols is null ? entry.Protocols : Bounded(protocols);
            entry.AgentVersion = agentVersion ?? entry.AgentVersion;
            entry.ProtocolVersion = protocolVersion ?? entry.ProtocolVersion;
        }
    }

    internal void SetProtocols(PeerId peer, IReadOnlyList<string> protocols) => SetIdentity(peer, protocols, null, null);

    /// <summary>While a peer is connected its addresses do not expire and it is not forgotten.</summary>
    internal void SetConnected(PeerId peer, bool connected)
    {
        lock (_lock)
        {
            PeerEntry entry = EntryOf(peer);
            entry.IsConnected = connected;
            if (!connected)
                entry.Prolong(time.GetUtcNow(), IdentifiedLifetime);
        }
    }

    private void Add(PeerId peer, IEnumerable<Multiaddr> addresses, TimeSpan lifetime, bool certified)
    {
        lock (_lock)
            EntryOf(peer).Add(addresses, time.GetUtcNow() + lifetime, certified);
    }

    private PeerEntry EntryOf(PeerId peer)
    {
        if (_peers.TryGetValue(peer, out PeerEntry? entry))
            return entry;
        Sweep();
        if (_peers.Count >= MaxPeers)
            ForgetOne();
        return _peers[peer] = new PeerEntry(peer);
    }

    private void ForgetOne()
    {
        PeerEntry least = _peers.Values.MinBy(static other => (other.IsConnected, other.LastExpiry))!;
        _peers.Remove(least.Peer);
    }

    private void Sweep()
    {
        DateTimeOffset now = time.GetUtcNow();
        if (now < _nextSweep)
            return;
        _nextSweep = now + SweepInterval;
        foreach ((PeerId peer, PeerEntry entry) in _peers)
        {
            if (!entry.IsConnected && entry.LastExpiry <= now)
                _peers.Remove(peer);
        }
    }

    private static string[] Bounded(IReadOnlyList<string> protocols)
    {
        int room = MaxProtocolBytes;
        return [.. protocols.Distinct().TakeWhile(protocol => (room -= protocol.Length) >= 0)];
    }
}

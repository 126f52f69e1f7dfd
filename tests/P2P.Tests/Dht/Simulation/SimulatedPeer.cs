using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Serving;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Tests.Dht.Simulation;

/// <summary>One node of a <see cref="SimulatedNetwork"/>: the real algorithms over calls instead of streams.</summary>
internal sealed class SimulatedPeer : IDhtNetwork
{
    private readonly SimulatedNetwork _network;
    private readonly ConcurrentDictionary<PeerId, IReadOnlyList<Multiaddr>> _addresses = [];
    private readonly ConcurrentDictionary<PeerId, bool> _connected = [];
    private readonly ConcurrentDictionary<PeerId, int> _values = [];
    private int _served;

    internal SimulatedPeer(SimulatedNetwork network, PeerId id, Multiaddr address, DhtOptions options, int seed)
    {
        (_network, LocalPeer, Address, IsServer) = (network, id, address, options.Mode == DhtMode.Server);
        Node = new DhtNode(this, options, network.Time, new Random(seed), NullLogger.Instance);
    }

    public PeerId LocalPeer { get; }

    public IReadOnlyList<Multiaddr> LocalAddresses => [Address];

    internal Multiaddr Address { get; }

    /// <summary>The order of creation.</summary>
    internal int Number { get; init; }

    internal DhtNode Node { get; }

    internal bool IsServer { get; set; }

    internal bool IsUp { get; set; } = true;

    /// <summary>Takes requests and never answers.</summary>
    internal bool IsMute { get; set; }

    /// <summary>Answers instead of the node, for one that lies.</summary>
    internal Func<PeerId, DhtMessage, DhtMessage?>? Lie { get; set; }

    /// <summary>Addresses dialled for a first contact.</summary>
    internal int Dials { get; private set; }

    /// <summary>Requests that came in.</summary>
    internal int Served => _served;

    public bool IsConnected(PeerId peer) => _connected.ContainsKey(peer);

    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) => _addresses.TryGetValue(peer, out IReadOnlyList<Multiaddr>? known) ? known : [];

    public IPAddress? GroupOf(PeerId peer) => AddressesOf(peer) is [Multiaddr first, ..] ? AddressFilter.GroupOf(first) : null;

    public bool MayServe(PeerId peer) => !_connected.ContainsKey(peer) || _network.Find(peer) is { IsServer: true };

    public void Learn(PeerId peer, IReadOnlyList<Multiaddr> addresses, TimeSpan lifetime) =>
        _addresses.AddOrUpdate(peer, addresses, (_, known) => [.. known.Union(addresses)]);

    public void SetValue(PeerId peer, int value) => _values[peer] = value;

    internal int ValueOf(PeerId peer) => _values.GetValueOrDefault(peer);

    public async ValueTask<DhtMessage> RequestAsync(PeerId peer, DhtMessage request, CancellationToken cancellation) =>
        await _network.DeliverAsync(this, peer, request, cancellation)
            ?? throw new IOException("the stream ended without an answer");

    public async ValueTask SendAsync(PeerId peer, DhtMessage message, CancellationToken cancellation) =>
        await _network.DeliverAsync(this, peer, message, cancellation);

    public ValueTask ConnectAsync(Multiaddr address, CancellationToken cancellation)
    {
        Dials++;
        SimulatedPeer target = _network.Peers.FirstOrDefault(peer => peer.IsUp && peer.Address.Equals(address.WithoutPeer()))
            ?? throw new IOException("not reachable");
        Connect(target);
        return ValueTask.CompletedTask;
    }

    /// <summary>Connects both, who tell each other what they serve.</summary>
    internal void Connect(SimulatedPeer other)
    {
        if (!_connected.TryAdd(other.LocalPeer, true))
            return;
        other._connected.TryAdd(LocalPeer, true);
        Learn(other.LocalPeer, [other.Address], TimeSpan.MaxValue);
        other.Learn(LocalPeer, [Address], TimeSpan.MaxValue);
        if (other.IsServer)
            Node.PeerServes(other.LocalPeer);
        if (IsServer)
            other.Node.PeerServes(LocalPeer);
    }

    internal void Disconnect(SimulatedPeer other)
    {
        _connected.TryRemove(other.LocalPeer, out _);
        other._connected.TryRemove(LocalPeer, out _);
    }

    /// <summary>As if the peer had never been heard of.</summary>
    internal void Forget(PeerId peer)
    {
        _connected.TryRemove(peer, out _);
        _addresses.TryRemove(peer, out _);
        Node.Table.Remove(peer);
    }

    internal DhtMessage? Answer(PeerId from, DhtMessage request)
    {
        Interlocked.Increment(ref _served);
        return Lie is not null ? Lie(from, request) : Node.Handler.Handle(new Asker(from, IpScope.Loopback), request);
    }
}

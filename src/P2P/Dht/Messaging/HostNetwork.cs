using System.Net;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Dht.Messaging;

/// <summary>The network as the DHT sees it, over a host's connections and streams.</summary>
/// <param name="network">The host's network.</param>
/// <param name="options">Settings of the DHT.</param>
/// <param name="announced">Where others may dial us.</param>
internal sealed class HostNetwork(INetwork network, DhtOptions options, Func<IEnumerable<Multiaddr>> announced) : IDhtNetwork, IAsyncDisposable
{
    private const string Tag = "kad";

    private readonly MessageSender _sender = new(network, options.Protocol, options.OutboundStreams);

    public PeerId LocalPeer => network.LocalPeer;

    public IReadOnlyList<Multiaddr> LocalAddresses =>
        AddressFilter.Within(options.AddressScope, announced(), network.LocalPeer, WireLimits.MaxAddresses);

    /// <summary>Streams that rest between requests.</summary>
    internal int IdleStreams => _sender.Idle;

    public bool IsConnected(PeerId peer) => network.FindConnection(peer) is not null;

    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) =>
        AddressFilter.Within(options.AddressScope, network.Peers.Addresses(peer), peer, WireLimits.MaxAddresses);

    public IPAddress? GroupOf(PeerId peer)
    {
        Multiaddr? address = network.FindConnection(peer)?.RemoteAddress;
        if (address is not null)
            return AddressFilter.GroupOf(address);
        IReadOnlyList<Multiaddr> known = AddressesOf(peer);
        return known.Count == 0 ? null : AddressFilter.GroupOf(known[0]);
    }

    public bool MayServe(PeerId peer) =>
        !IsConnected(peer) || network.Peers.Protocols(peer) is not IReadOnlyList<string> listed || listed.Contains(options.Protocol);

    public void Learn(PeerId peer, IReadOnlyList<Multiaddr> addresses, TimeSpan lifetime)
    {
        if (addresses.Count > 0 && !peer.Equals(network.LocalPeer))
            network.Peers.AddAddresses(peer, addresses, lifetime);
    }

    public async ValueTask<DhtMessage> RequestAsync(PeerId peer, DhtMessage request, CancellationToken cancellation) =>
        await _sender.RequestAsync(peer, request, cancellation).ConfigureAwait(false);

    public async ValueTask SendAsync(PeerId peer, DhtMessage message, CancellationToken cancellation) =>
        await _sender.SendAsync(peer, message, cancellation).ConfigureAwait(false);

    public async ValueTask ConnectAsync(Multiaddr address, CancellationToken cancellation) =>
        await network.DialAsync(address, cancellation).ConfigureAwait(false);

    public void SetValue(PeerId peer, int value) => network.SetValue(peer, Tag, value);

    public ValueTask DisposeAsync() => _sender.DisposeAsync();
}

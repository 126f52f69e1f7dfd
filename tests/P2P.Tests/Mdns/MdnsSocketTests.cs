using System.Net;
using System.Net.Sockets;
using System.Text;
using NSubstitute;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Mdns;

/// <summary>Real sockets on the loopback interface.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MdnsSocketTests
{
    // Not 5353, so that nobody else's packets come in.
    private readonly int _port = FreePort();

    [Test]
    public async Task Hosts_FindEachOtherOnLoopback()
    {
        await using Node a = new(1, _port);
        await using Node b = new(2, _port);
        await using Node c = new(3, _port);
        await Wait.UntilAsync(
            () => new[] { a, b, c }.All(node => node.Found.Distinct().Count() == 2), "discovery by all three of each other");
        Assert.That(b.Found, Does.Contain($"{a.Id} /ip4/127.0.0.1/tcp/4001"));
    }

    [Test]
    public async Task Host_AnswersAProgramThatSharesThePortOnEveryAddress()
    {
        using Socket other = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        other.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        other.Bind(new IPEndPoint(IPAddress.Any, _port));
        var group = IPAddress.Parse("224.0.0.251");
        other.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(group, IPAddress.Loopback));
        other.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Loopback.GetAddressBytes());
        await using Node node = new(1, _port);
        byte[] buffer = new byte[9000];
        while (true)
        {
            SocketReceiveFromResult received = await other.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0)).InTime();
            Assert.That(((IPEndPoint)received.RemoteEndPoint).Address, Is.EqualTo(IPAddress.Loopback));
            if (DnsDecoder.TryDecode(buffer.AsSpan(0, received.ReceivedBytes), out DnsMessage? message) && message.IsResponse)
            {
                string text = Encoding.ASCII.GetString(message.Additionals[0].Texts![0]);
                Assert.That(text, Is.EqualTo($"dnsaddr=/ip4/127.0.0.1/tcp/4001/p2p/{node.Id}"));
                return;
            }
        }
    }

    [Test]
    public void Look_OnLoopbackOnlySeesNothingElse()
    {
        MdnsSurroundings surroundings = MdnsSurroundings.Look(loopbackOnly: true);
        Assert.That(surroundings.Interfaces.Select(place => place.Address), Is.EqualTo(new[] { IPAddress.Loopback }));
        Assert.That(surroundings.OwnAddresses, Does.Contain(IPAddress.Loopback));
    }

    private static int FreePort()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private sealed class Node : IAsyncDisposable
    {
        private readonly Lock _lock = new();
        private readonly List<string> _found = [];
        private readonly MdnsDiscovery _discovery;

        public Node(int number, int port)
        {
            byte[] key = new byte[32];
            BitConverter.TryWriteBytes(key, number);
            Id = PeerId.FromEd25519(key);
            INetwork network = Substitute.For<INetwork>();
            network.LocalPeer.Returns(Id);
            network.Time.Returns(TimeProvider.System);
            network.Peers.Returns(new PeerStore(TimeProvider.System));
            network.ListenAddresses.Returns([Multiaddr.Parse($"/ip4/127.0.0.1/tcp/{4000 + number}"), Multiaddr.Parse("/ip4/10.0.0.1/tcp/1")]);
            _discovery = new MdnsDiscovery(network, new MdnsOptions { Port = port, LoopbackOnly = true });
            _discovery.PeerFound += peer =>
            {
                lock (_lock)
                    _found.Add($"{peer.Peer} {string.Join(' ', peer.Addresses)}");
            };
            _discovery.Start();
        }

        public PeerId Id { get; }

        public IReadOnlyList<string> Found
        {
            get
            {
                lock (_lock)
                    return [.. _found];
            }
        }

        public ValueTask DisposeAsync() => _discovery.DisposeAsync();
    }
}

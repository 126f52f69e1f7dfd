using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;
using static P2PMiner.P2P.Tests.Mdns.NetworkNamespace;

namespace P2PMiner.P2P.Tests.Mdns;

/// <summary>Two machines on one cable: network namespaces joined by a pair of virtual interfaces.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MdnsNamespaceTests
{
    private static readonly MdnsOptions Options = new() { QueryInterval = TimeSpan.FromMilliseconds(500) };

    private readonly string _suffix = $"{Environment.ProcessId:x}{Random.Shared.Next(0x1000):x}";
    private NetworkNamespace? _left;
    private NetworkNamespace? _right;

    [SetUp]
    public void Connect()
    {
        _left = TryCreate($"p2pl{_suffix}", out string reason);
        _right = _left is null ? null : TryCreate($"p2pr{_suffix}", out reason);
        if (_left is null || _right is null)
            Assert.Ignore(reason);
        Ip("-n", _left!.Name, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", _right!.Name);
        foreach (NetworkNamespace side in new[] { _left, _right })
            Ip("-n", side.Name, "link", "set", "lo", "up");
    }

    [TearDown]
    public void Disconnect()
    {
        _left?.Dispose();
        _right?.Dispose();
    }

    [Test]
    public async Task Machines_FindEachOtherOverIPv4()
    {
        Up(_left!, "192.168.77.1/24");
        Up(_right!, "192.168.77.2/24");
        await using Node left = new(1, _left!, "/ip4/192.168.77.1/tcp/4001");
        await using Node right = new(2, _right!, "/ip4/192.168.77.2/tcp/4002");
        await FoundAsync(left, right);
        Assert.That(left.Found, Does.Contain($"{right.Id} /ip4/192.168.77.2/tcp/4002"));
        Assert.That(left.Found.Concat(right.Found), Has.None.Contains("127.0.0.1"));
    }

    [Test]
    public async Task Machines_FindEachOtherOverIPv6Alone()
    {
        Up(_left!, "fd77::1/64");
        Up(_right!, "fd77::2/64");
        await using Node left = new(1, _left!, "/ip6/fd77::1/tcp/4001");
        await using Node right = new(2, _right!, "/ip6/fd77::2/tcp/4002");
        await FoundAsync(left, right);
        Assert.That(right.Found, Does.Contain($"{left.Id} /ip6/fd77::1/tcp/4001"));
    }

    // As on a network with an IPv6 prefix of its provider and nothing else.
    [Test]
    public async Task Machines_FindEachOtherByPublicAddressesOfTheirLink()
    {
        Up(_left!, "2a00:77::1/64");
        Up(_right!, "2a00:77::2/64");
        await using Node left = new(1, _left!, "/ip6/2a00:77::1/tcp/4001", "/ip6/2a00:78::1/tcp/4001");
        await using Node right = new(2, _right!, "/ip6/2a00:77::2/tcp/4002");
        await FoundAsync(left, right);
        Assert.That(right.Found, Does.Contain($"{left.Id} /ip6/2a00:77::1/tcp/4001"));
    }

    [Test]
    public async Task Machines_FindEachOtherWhenTheNetworkComesLateAndComesBack()
    {
        await using Node left = new(1, _left!, "/ip4/192.168.77.1/tcp/4001");
        await using Node right = new(2, _right!, "/ip4/192.168.77.2/tcp/4002");
        Up(_left!, "192.168.77.1/24");
        Up(_right!, "192.168.77.2/24");
        await FoundAsync(left, right);
        Ip("-n", _left!.Name, "link", "set", "cable", "down");
        Ip("-n", _left!.Name, "link", "set", "cable", "up");
        Ip("-n", _right!.Name, "address", "flush", "dev", "cable");
        Ip("-n", _right!.Name, "address", "add", "192.168.77.3/24", "dev", "cable");
        left.Forget();
        right.Forget();
        await FoundAsync(left, right);
    }

    [Test]
    public async Task Machines_WithSeveralHostsFindEachOther()
    {
        Up(_left!, "192.168.77.1/24");
        Up(_right!, "192.168.77.2/24");
        await using Node a = new(1, _left!, "/ip4/192.168.77.1/tcp/4001", "/ip4/127.0.0.1/tcp/4001");
        await using Node b = new(2, _left!, "/ip4/192.168.77.1/tcp/4002", "/ip4/127.0.0.1/tcp/4002");
        await using Node c = new(3, _right!, "/ip4/192.168.77.2/tcp/4003");
        await FoundAsync(a, b, c);
        await Wait.UntilAsync(
            () => a.Found.Any(found => found.Contains("127.0.0.1/tcp/4002", StringComparison.Ordinal)), "loopback address of the neighbour");
        Assert.That(c.Found, Has.None.Contains("127.0.0.1"));
    }

    private static Task FoundAsync(params Node[] nodes) => Wait.UntilAsync(
        () =>
        {
            // The system reports changes of the namespace of the test process only, so these are told here.
            foreach (Node node in nodes)
                node.Discovery.LookSoon();
            return nodes.All(node => nodes.All(other => other == node || node.HasFound(other)));
        },
        "discovery of each by all");

    private static void Up(NetworkNamespace side, string address)
    {
        // Without duplicate detection, a new IPv6 address can be used at once.
        Ip(["-n", side.Name, "address", "add", address, "dev", "cable", .. address.Contains(':') ? new[] { "nodad" } : []]);
        Ip("-n", side.Name, "link", "set", "cable", "up");
    }

    private sealed class Node : IAsyncDisposable
    {
        private ImmutableList<string> _found = [];

        public Node(int number, NetworkNamespace side, params string[] addresses)
        {
            byte[] key = new byte[32];
            BitConverter.TryWriteBytes(key, number);
            Id = PeerId.FromEd25519(key);
            INetwork network = Substitute.For<INetwork>();
            network.LocalPeer.Returns(Id);
            network.Time.Returns(TimeProvider.System);
            network.Peers.Returns(new PeerStore(TimeProvider.System));
            network.ListenAddresses.Returns([.. addresses.Select(Multiaddr.Parse)]);
            Discovery = new MdnsDiscovery(
                network,
                Options,
                NullLogger.Instance,
                () => side.Run(() => MdnsSurroundings.Look(loopbackOnly: false)),
                place => side.Run(() => MdnsSocket.Open(place, MdnsOptions.DefaultPort)),
                new Random(number));
            Discovery.PeerFound += peer =>
                ImmutableInterlocked.Update(ref _found, found => found.Add($"{peer.Peer} {string.Join(' ', peer.Addresses)}"));
            Discovery.Start();
        }

        public PeerId Id { get; }

        public MdnsDiscovery Discovery { get; }

        public IReadOnlyList<string> Found => Volatile.Read(ref _found);

        public bool HasFound(Node other) => Found.Any(found => found.StartsWith(other.Id.ToString(), StringComparison.Ordinal));

        public void Forget() => Interlocked.Exchange(ref _found, []);

        public ValueTask DisposeAsync() => Discovery.DisposeAsync();
    }
}

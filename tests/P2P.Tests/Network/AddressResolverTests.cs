using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Tests.Network;

public sealed class AddressResolverTests
{
    private static readonly PeerId Peer = Ed25519KeyPair.FromSeed(new byte[32]).ToPublicKey().ToPeerId();

    private static readonly PeerId Other = Ed25519KeyPair.FromSeed([1, .. new byte[31]]).ToPublicKey().ToPeerId();

    private readonly Dictionary<string, string[]> _texts = [];
    private readonly AddressResolver _resolver;
    private int _asked;

    public AddressResolverTests() => _resolver = new(LookUpAsync, LookUpTextsAsync);

    [SetUp]
    public void ForgetTexts()
    {
        _texts.Clear();
        _asked = 0;
    }

    [TestCase("/dns4/node.test/tcp/5", new[] { "/ip4/10.1.1.1/tcp/5" })]
    [TestCase("/dns6/node.test/tcp/5", new[] { "/ip6/fd00::1/tcp/5" })]
    [TestCase("/dns/node.test/tcp/5", new[] { "/ip4/10.1.1.1/tcp/5", "/ip6/fd00::1/tcp/5" })]
    [TestCase("/ip4/10.9.9.9/tcp/5", new[] { "/ip4/10.9.9.9/tcp/5" })]
    public async Task Resolver_ReplacesNames(string address, string[] expected)
    {
        Multiaddr wanted = Multiaddr.Parse(address).WithPeer(Peer);

        IReadOnlyList<Multiaddr> resolved = await _resolver.ResolveAsync([wanted], Peer, CancellationToken.None);

        Assert.That(resolved.Select(found => found.ToString()), Is.EqualTo(expected));
    }

    [Test]
    public async Task Resolver_LeavesOutWhatHasNoAnswerIfSomethingRemains()
    {
        Multiaddr[] addresses = [Multiaddr.Parse("/dns4/unknown.test/tcp/5"), Multiaddr.Parse("/ip4/10.9.9.9/tcp/5")];

        Assert.That(await _resolver.ResolveAsync(addresses, Peer, CancellationToken.None), Is.EqualTo(addresses[1..]));
    }

    [TestCase("/dns4/unknown.test/tcp/5", "unknown.test")]
    [TestCase("/dnsaddr/node.test", "no texts")]
    [TestCase("/dns4/node.test/udp/5", "cannot be looked up")]
    [TestCase("/dnsaddr/node.test/tcp/5", "cannot be looked up")]
    public async Task Resolver_SaysWhyNothingIsLeft(string address, string reason)
    {
        DialException? error = await Assert.ThrowsAsync<DialException>(
            () => _resolver.ResolveAsync([Multiaddr.Parse(address)], Peer, CancellationToken.None));

        Assert.That(error!.Message, Does.Contain(reason));
    }

    [Test]
    public async Task Resolver_AsksForNoNameThatTheFilterRefuses()
    {
        List<string> asked = [];
        AddressResolver resolver = new(
            (name, _, _) =>
            {
                asked.Add(name);
                return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
            },
            (name, _) =>
            {
                asked.Add(name);
                return Task.FromResult<IReadOnlyList<string>>([]);
            },
            static name => name == "localhost");
        Multiaddr[] addresses = [Multiaddr.Parse("/dns4/node.test/tcp/5"), Multiaddr.Parse("/dnsaddr/node.test"), Multiaddr.Parse("/dns4/localhost/tcp/6")];

        IReadOnlyList<Multiaddr> resolved = await resolver.ResolveAsync(addresses, Peer, CancellationToken.None);
        DialException? error = await Assert.ThrowsAsync<DialException>(() => resolver.ResolveAsync(addresses[..2], Peer, CancellationToken.None));

        Assert.That(resolved.Select(found => found.ToString()), Is.EqualTo(["/ip4/127.0.0.1/tcp/6"]));
        Assert.That(error!.Message, Does.Contain("node.test/tcp/5: this name is not to be looked up").And.Contain("dnsaddr/node.test: this name is not"));
        Assert.That(asked, Is.EqualTo(["localhost"]));
    }

    [Test]
    public async Task Dnsaddr_IsReplacedByTheAddressesOfThePeer_ThroughOtherNames()
    {
        _texts["_dnsaddr.peers.test"] =
        [
            $"dnsaddr=/ip4/10.3.3.3/tcp/5/p2p/{Other}", $"dnsaddr=/dnsaddr/near.test/p2p/{Peer}", $"dnsaddr=/ip6/fd00::2/tcp/5/p2p/{Peer}", "v=spf1 -all", "dnsaddr=/nothing",
        ];
        _texts["_dnsaddr.near.test"] = [$"dnsaddr=/dns4/node.test/tcp/6/p2p/{Peer}", $"dnsaddr=/ip4/10.4.4.4/tcp/6/p2p/{Other}"];

        IReadOnlyList<Multiaddr> resolved = await _resolver.ResolveAsync([Multiaddr.Parse($"/dnsaddr/peers.test/p2p/{Peer}")], Peer, CancellationToken.None);

        Assert.That(resolved.Select(found => found.ToString()), Is.EqualTo(["/ip4/10.1.1.1/tcp/6", "/ip6/fd00::2/tcp/5"]));
    }

    [Test]
    public async Task Dnsaddr_WithoutAPeer_SaysWhoIsThere()
    {
        _texts["_dnsaddr.peers.test"] = [$"dnsaddr=/dns4/node.test/tcp/6/p2p/{Peer}", $"dnsaddr=/ip4/10.4.4.4/tcp/6/p2p/{Other}"];

        IReadOnlyList<Multiaddr> resolved = await _resolver.ResolveAsync([Multiaddr.Parse("/dnsaddr/peers.test")], null, CancellationToken.None);

        Assert.That(resolved.Select(found => found.ToString()), Is.EqualTo([$"/ip4/10.1.1.1/tcp/6/p2p/{Peer}", $"/ip4/10.4.4.4/tcp/6/p2p/{Other}"]));
    }

    [Test]
    public async Task Dnsaddr_ThatLeadsInACircle_Ends()
    {
        _texts["_dnsaddr.round.test"] = ["dnsaddr=/dnsaddr/round.test", "dnsaddr=/dnsaddr/round.test"];

        DialException? error = await Assert.ThrowsAsync<DialException>(
            () => _resolver.ResolveAsync([Multiaddr.Parse("/dnsaddr/round.test")], null, CancellationToken.None));

        Assert.That(error!.Message, Does.Contain("lead to one another"));
        Assert.That(_asked, Is.LessThanOrEqualTo(8));
    }

    [Test]
    public async Task Dnsaddr_IsUsedUpToSixteenAnswers()
    {
        _texts["_dnsaddr.many.test"] = [.. Enumerable.Range(1, 40).Select(i => $"dnsaddr=/ip4/10.0.0.{i}/tcp/5/p2p/{Peer}")];

        IReadOnlyList<Multiaddr> resolved = await _resolver.ResolveAsync([Multiaddr.Parse("/dnsaddr/many.test")], Peer, CancellationToken.None);

        Assert.That(resolved, Has.Count.EqualTo(16));
    }

    private static Task<IPAddress[]> LookUpAsync(string name, AddressFamily family, CancellationToken cancellation) => name == "node.test"
        ? Task.FromResult<IPAddress[]>([.. new[] { IPAddress.Parse("10.1.1.1"), IPAddress.Parse("fd00::1") }
            .Where(address => family == AddressFamily.Unspecified || address.AddressFamily == family)])
        : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));

    private Task<IReadOnlyList<string>> LookUpTextsAsync(string name, CancellationToken cancellation)
    {
        _asked++;
        return _texts.TryGetValue(name, out string[]? texts)
            ? Task.FromResult<IReadOnlyList<string>>(texts)
            : Task.FromException<IReadOnlyList<string>>(new IOException("no texts"));
    }
}

using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Tests.Network;

public sealed class AddressResolverTests
{
    private static readonly PeerId Peer = Ed25519KeyPair.FromSeed(new byte[32]).ToPublicKey().ToPeerId();

    private readonly AddressResolver _resolver = new(static (name, family, _) => name == "node.test"
        ? Task.FromResult<IPAddress[]>([.. new[] { IPAddress.Parse("10.1.1.1"), IPAddress.Parse("fd00::1") }
            .Where(address => family == AddressFamily.Unspecified || address.AddressFamily == family)])
        : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)));

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
    [TestCase("/dnsaddr/node.test", "cannot be looked up")]
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
            static name => name == "localhost");
        Multiaddr[] addresses = [Multiaddr.Parse("/dns4/node.test/tcp/5"), Multiaddr.Parse("/dns4/localhost/tcp/6")];

        IReadOnlyList<Multiaddr> resolved = await resolver.ResolveAsync(addresses, Peer, CancellationToken.None);
        DialException? error = await Assert.ThrowsAsync<DialException>(() => resolver.ResolveAsync(addresses[..1], Peer, CancellationToken.None));

        Assert.That(resolved.Select(found => found.ToString()), Is.EqualTo(["/ip4/127.0.0.1/tcp/6"]));
        Assert.That(error!.Message, Does.Contain("node.test/tcp/5: this name is not to be looked up"));
        Assert.That(asked, Is.EqualTo(["localhost"]));
    }
}

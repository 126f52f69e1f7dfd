using System.Net;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Tests.Addresses;

public sealed class MultiaddrTests
{
    private const string Peer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    /// <summary>The examples of github.com/multiformats/go-multiaddr, multiaddr_test.go (TestStringToBytes), as far as the protocols are known here.</summary>
    [TestCase("/ip4/127.0.0.1/udp/1234", "047f000001910204d2")]
    [TestCase("/ip4/127.0.0.1/tcp/4321", "047f0000010610e1")]
    [TestCase("/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/4321", "047f000001910204d2047f0000010610e1")]
    [TestCase("/ip6/2001:8a0:7ac5:4201:3ac9:86ff:fe31:7095/tcp/8000", "29200108a07ac542013ac986fffe317095061f40")]
    public void Multiaddr_HasThePublishedBinaryForm(string text, string hex)
    {
        Multiaddr parsed = Multiaddr.Parse(text);

        Assert.That(Convert.ToHexStringLower(parsed.Bytes.Span), Is.EqualTo(hex));
        Assert.That(Multiaddr.TryDecode(Convert.FromHexString(hex), out Multiaddr? decoded), Is.True);
        Assert.That(decoded, Is.EqualTo(parsed));
        Assert.That(decoded!.ToString(), Is.EqualTo(text));
    }

    [Test]
    public void Multiaddr_TakesAPeerOnAndOff()
    {
        Multiaddr plain = Multiaddr.FromTcp(new IPEndPoint(IPAddress.Loopback, 9999));
        Multiaddr full = plain.WithPeer(PeerId.Parse(Peer));

        Assert.That(full.ToString(), Is.EqualTo($"/ip4/127.0.0.1/tcp/9999/p2p/{Peer}"));
        Assert.That(full.Peer?.ToString(), Is.EqualTo(Peer));
        Assert.That(full.WithPeer(PeerId.Parse(Peer)), Is.SameAs(full));
        Assert.That(full.WithoutPeer(), Is.EqualTo(plain));
        Assert.That(full.IsTcp && full.IsLoopback && full.IsPrivate && !full.HasDns, Is.True);
        Assert.That(full.TcpEndPoint, Is.EqualTo(new IPEndPoint(IPAddress.Loopback, 9999)));
    }
}

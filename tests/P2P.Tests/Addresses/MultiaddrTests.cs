using System.Net;
using System.Text.Json;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Addresses;

public sealed class MultiaddrTests
{
    private const string Peer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
    private const string OtherPeer = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";

    [TestCaseSource(typeof(VectorFile), nameof(VectorFile.Cases), new object[] { "multiaddrs.json", "vectors" })]
    public void Multiaddr_HasThePublishedBinaryAndCanonicalForm(JsonElement vector)
    {
        Multiaddr parsed = Multiaddr.Parse(vector.Text("text"));

        Assert.That(Convert.ToHexStringLower(parsed.Bytes.Span), Is.EqualTo(vector.Text("bytes")));
        Assert.That(parsed.ToString(), Is.EqualTo(vector.Text("canonical")));
        Assert.That(Multiaddr.TryDecode(vector.Hex("bytes"), out Multiaddr? decoded), Is.True);
        Assert.That(decoded, Is.EqualTo(parsed));
        Assert.That(decoded!.GetHashCode(), Is.EqualTo(parsed.GetHashCode()));
        Assert.That(Multiaddr.Parse(decoded.ToString()), Is.EqualTo(parsed));
    }

    [TestCaseSource(typeof(VectorFile), nameof(VectorFile.Cases), new object[] { "multiaddrs.json", "refusedTexts" })]
    public void Multiaddr_RefusesThePublishedMalformedTexts(JsonElement vector)
    {
        Assert.That(Multiaddr.TryParse(vector.Text("text"), out _), Is.False);
        Assert.That(() => Multiaddr.Parse(vector.Text("text")), Throws.TypeOf<FormatException>());
    }

    [TestCaseSource(typeof(VectorFile), nameof(VectorFile.Cases), new object[] { "multiaddrs.json", "refusedBytes" })]
    public void Multiaddr_RefusesThePublishedMalformedBytes(JsonElement vector) =>
        Assert.That(Multiaddr.TryDecode(vector.Hex("bytes"), out _), Is.False);

    [TestCase("", Description = "nothing")]
    [TestCase("04", Description = "no value")]
    [TestCase("047f0000", Description = "a value cut off")]
    [TestCase("84007f000001", Description = "a code of more bytes than it needs")]
    [TestCase("7f", Description = "an unknown code")]
    [TestCase("047f00000106", Description = "a second component cut off")]
    [TestCase("2a0465746830290000000000000000000000000000000000000001", Description = "a zone")]
    [TestCase("3600", Description = "an empty name")]
    [TestCase("3603612f62", Description = "a slash in a name")]
    [TestCase("3603610062", Description = "a control character in a name")]
    [TestCase("36ffffffffffffffff7f", Description = "a length beyond everything")]
    public void Multiaddr_RefusesMalformedBytes(string hex) =>
        Assert.That(Multiaddr.TryDecode(Convert.FromHexString(hex), out _), Is.False);

    [TestCase("/ip4/127.1/tcp/1")]
    [TestCase("/ip4/0177.0.0.1/tcp/1")]
    [TestCase("/ip4/1.2.3.4 /tcp/1")]
    [TestCase("/ip6/fe80::1%eth0/tcp/1")]
    [TestCase("/ip6/[::1]/tcp/1")]
    [TestCase("/ip6zone/eth0/ip6/fe80::1/tcp/1")]
    [TestCase("/tcp/+1")]
    [TestCase("/tcp/ 1")]
    [TestCase("/dns4/ä.example/tcp/1")]
    [TestCase("//ip4/127.0.0.1")]
    [TestCase("ip4/127.0.0.1")]
    public void Multiaddr_RefusesTextThatOnlyALenientReaderTakes(string text) => Assert.That(Multiaddr.TryParse(text, out _), Is.False);

    [Test]
    public void Multiaddr_RefusesMoreBytesThanItsLimit_AndHugeTexts()
    {
        byte[] longest = [.. Enumerable.Repeat<byte[]>([0xe0, 0x03], Multiaddr.MaxSize / 2).SelectMany(static http => http)];

        Assert.That(Multiaddr.TryDecode(longest, out Multiaddr? taken), Is.True);
        Assert.That(Multiaddr.TryParse(taken!.ToString(), out _), Is.True);
        Assert.That(Multiaddr.TryDecode([.. longest, 0xe0, 0x03], out _), Is.False);
        Assert.That(Multiaddr.TryParse(taken + "/http", out _), Is.False);
        Assert.That(Multiaddr.TryParse(string.Concat(Enumerable.Repeat("/http", 100_000)), out _), Is.False);
    }

    [Test]
    public void Parse_SaysWhatIsWrong()
    {
        Assert.That(() => Multiaddr.Parse("/ip4/127.0.0.1/tcp"), Throws.TypeOf<FormatException>().With.Message.Contains("missing after 'tcp'"));
        Assert.That(() => Multiaddr.Parse("/ip4/300.0.0.1"), Throws.TypeOf<FormatException>().With.Message.Contains("'300.0.0.1'"));
        Assert.That(() => Multiaddr.Parse("/carrier-pigeon"), Throws.TypeOf<FormatException>().With.Message.Contains("'carrier-pigeon'"));
        Assert.That(() => Multiaddr.Parse("127.0.0.1:9999"), Throws.TypeOf<FormatException>().With.Message.Contains("/ip4/127.0.0.1/tcp/9999"));
    }

    [Test]
    public void Multiaddr_TakesAPeerOnAndOff()
    {
        Multiaddr plain = Multiaddr.FromTcp(new IPEndPoint(IPAddress.Loopback, 9999));
        Multiaddr full = plain.WithPeer(PeerId.Parse(Peer));

        Assert.That(full.ToString(), Is.EqualTo($"/ip4/127.0.0.1/tcp/9999/p2p/{Peer}"));
        Assert.That(full.Peer?.ToString(), Is.EqualTo(Peer));
        Assert.That(full.WithPeer(PeerId.Parse(Peer)), Is.SameAs(full));
        Assert.That(full.WithPeer(PeerId.Parse(OtherPeer)).ToString(), Is.EqualTo($"/ip4/127.0.0.1/tcp/9999/p2p/{OtherPeer}"));
        Assert.That(full.WithoutPeer(), Is.EqualTo(plain));
        Assert.That(plain.WithoutPeer(), Is.SameAs(plain));
        Assert.That(plain.Peer, Is.Null);
    }

    [Test]
    public void Multiaddr_ThroughARelayNamesThePeerBehindIt()
    {
        Multiaddr relayed = Multiaddr.Parse($"/ip4/1.2.3.4/tcp/1/p2p/{OtherPeer}/p2p-circuit");
        Multiaddr full = relayed.WithPeer(PeerId.Parse(Peer));

        Assert.That(full.Peer?.ToString(), Is.EqualTo(Peer));
        Assert.That(full.WithoutPeer(), Is.EqualTo(relayed));
        Assert.That(relayed.WithoutPeer(), Is.SameAs(relayed));
        Assert.That(full.IsTcp, Is.False);
        Assert.That(full.TcpEndPoint, Is.EqualTo(new IPEndPoint(IPAddress.Parse("1.2.3.4"), 1)));
    }

    [TestCase("/ip4/1.2.3.4/tcp/1", true)]
    [TestCase("/ip6/::1/tcp/1/p2p/" + Peer, true)]
    [TestCase("/dns/example.com/tcp/1", true)]
    [TestCase("/dns4/example.com/tcp/1/p2p/" + Peer, true)]
    [TestCase("/dns6/example.com/tcp/1", true)]
    [TestCase("/dnsaddr/example.com/tcp/1", false)]
    [TestCase("/ip4/1.2.3.4", false)]
    [TestCase("/tcp/1", false)]
    [TestCase("/ip4/1.2.3.4/udp/1", false)]
    [TestCase("/ip4/1.2.3.4/tcp/1/ws", false)]
    [TestCase("/ip4/1.2.3.4/tcp/1/p2p/" + Peer + "/p2p-circuit", false)]
    [TestCase("/ip4/1.2.3.4/tcp/1/p2p/" + Peer + "/p2p/" + OtherPeer, false)]
    public void Multiaddr_TellsWhetherItIsPlainTcp(string text, bool expected) => Assert.That(Multiaddr.Parse(text).IsTcp, Is.EqualTo(expected));

    [TestCase("/dnsaddr/example.com", true)]
    [TestCase("/dnsaddr/example.com/p2p/" + Peer, true)]
    [TestCase("/dnsaddr/example.com/tcp/1", false)]
    [TestCase("/dnsaddr/example.com/p2p/" + Peer + "/p2p-circuit", false)]
    [TestCase("/dns4/example.com", false)]
    [TestCase("/ip4/1.2.3.4/tcp/1", false)]
    [TestCase("/p2p/" + Peer, false)]
    public void Multiaddr_TellsWhetherItIsADnsaddr(string text, bool expected) => Assert.That(Multiaddr.Parse(text).IsDnsaddr, Is.EqualTo(expected));

    [TestCase("/ip4/127.0.0.1/tcp/1", true, true)]
    [TestCase("/ip4/127.8.8.8/tcp/1", true, true)]
    [TestCase("/ip6/::1/tcp/1", true, true)]
    [TestCase("/ip6/::ffff:127.0.0.1/tcp/1", true, true)]
    [TestCase("/ip4/10.1.2.3/tcp/1", false, true)]
    [TestCase("/ip4/172.31.255.255/tcp/1", false, true)]
    [TestCase("/ip4/192.168.0.1/udp/1", false, true)]
    [TestCase("/ip4/169.254.1.1/tcp/1", false, true)]
    [TestCase("/ip6/fe80::1/tcp/1", false, true)]
    [TestCase("/ip6/fd00::1/tcp/1", false, true)]
    [TestCase("/ip4/172.32.0.1/tcp/1", false, false)]
    [TestCase("/ip4/8.8.8.8/tcp/1", false, false)]
    [TestCase("/ip6/2606:4700::1/tcp/1", false, false)]
    [TestCase("/ip4/0.0.0.0/tcp/1", false, false)]
    [TestCase("/dns4/localhost/tcp/1", false, false)]
    public void Multiaddr_TellsFromWhereItIsReached(string text, bool loopback, bool isPrivate)
    {
        Multiaddr address = Multiaddr.Parse(text);

        Assert.That(address.IsLoopback, Is.EqualTo(loopback));
        Assert.That(address.IsPrivate, Is.EqualTo(isPrivate));
    }

    [Test]
    public void Multiaddr_OfANameBecomesThatOfAnAddress()
    {
        Multiaddr named = Multiaddr.Parse($"/dns4/node.example/tcp/9999/p2p/{Peer}");

        Assert.That(named.HasDns, Is.True);
        Assert.That(named.Host, Is.EqualTo("node.example"));
        Assert.That(named.TcpPort, Is.EqualTo(9999));
        Assert.That(named.TcpEndPoint, Is.Null);
        Assert.That(named.WithHost(IPAddress.Parse("2001:db8::7")).ToString(), Is.EqualTo($"/ip6/2001:db8::7/tcp/9999/p2p/{Peer}"));
    }

    [Test]
    public void FromTcp_WritesIpv4AsIpv4_AndLeavesTheZoneOut()
    {
        Assert.That(Multiaddr.FromTcp(new IPEndPoint(IPAddress.Parse("::ffff:1.2.3.4"), 1)).ToString(), Is.EqualTo("/ip4/1.2.3.4/tcp/1"));
        Assert.That(Multiaddr.FromTcp(new IPEndPoint(IPAddress.Parse("fe80::1%3"), 65535)).ToString(), Is.EqualTo("/ip6/fe80::1/tcp/65535"));
    }

    [Test]
    public void Decoder_SurvivesForeignBytes()
    {
        byte[][] samples = [.. VectorFile.Read("multiaddrs.json").Select(static vector => vector.Hex("bytes"))];
        int taken = 0;
        Fuzz.Run(samples, input =>
        {
            if (!Multiaddr.TryDecode(input, out Multiaddr? address))
                return;
            taken++;
            Assert.That(address.Bytes.Span.SequenceEqual(input), Is.True);
            Assert.That(Multiaddr.Parse(address.ToString()), Is.EqualTo(address));
            Assert.That(address.WithoutPeer().Bytes.Length, Is.LessThanOrEqualTo(input.Length));
        });
        Assert.That(taken, Is.GreaterThan(100));
    }

    [Test]
    public void Parser_SurvivesForeignText()
    {
        string[] samples = [.. VectorFile.Read("multiaddrs.json").Select(static vector => vector.Text("text"))];
        int taken = 0;
        Fuzz.RunText(samples, input =>
        {
            if (!Multiaddr.TryParse(input, out Multiaddr? address))
                return;
            taken++;
            Assert.That(Multiaddr.TryDecode(address.Bytes.Span, out Multiaddr? again), Is.True);
            Assert.That(again, Is.EqualTo(address));
        });
        Assert.That(taken, Is.GreaterThan(100));
    }
}

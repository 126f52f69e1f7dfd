using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Serving;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Tests.Dht.Simulation;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Tests.Dht.Serving;

/// <summary>What a server answers, and what it refuses.</summary>
public sealed class RequestHandlerTests
{
    private static readonly byte[] Content = Multihash.Sha256("content"u8).Bytes.ToArray();
    private static readonly Multiaddr Address = Multiaddr.Parse("/ip4/127.0.0.1/tcp/1");

    private SimulatedNetwork _network = null!;
    private SimulatedPeer _server = null!;
    private SimulatedPeer _asker = null!;

    [SetUp]
    public void SetUp()
    {
        _network = new SimulatedNetwork(new ManualTime(), seed: 1);
        DhtOptions options = new() { Validators = TestRecords.Namespaces };
        _server = _network.Add(options);
        _asker = _network.Add(options);
        _asker.Connect(_server);
    }

    [TestCase(1)]
    [TestCase(512)]
    public void FindNode_TakesAnyBytes_AndNamesTheClosestButNotTheAskerNorUs(int size)
    {
        SimulatedPeer[] others = [.. Enumerable.Range(0, 60).Select(_ => _network.Add())];
        foreach (SimulatedPeer other in others)
            other.Connect(_server);
        byte[] key = new byte[size];

        DhtMessage answer = Handle(new DhtMessage(DhtMessageType.FindNode, key))!;

        IEnumerable<PeerId> known = _server.Node.Table.Snapshot().Select(contact => contact.Peer).Where(peer => !peer.Equals(_asker.LocalPeer));
        Assert.That(answer.Type, Is.EqualTo(DhtMessageType.FindNode));
        Assert.That(answer.CloserPeers.Select(peer => peer.Peer), Is.EqualTo(
            known.OrderBy(peer => KadKey.Of(peer).DistanceTo(KadKey.Of(key))).Take(20)));
        Assert.That(answer.CloserPeers.Select(peer => peer.Addresses.Count), Is.All.EqualTo(1));
    }

    [Test]
    public void FindNode_OfOurselves_NamesUs()
    {
        DhtMessage answer = Handle(new DhtMessage(DhtMessageType.FindNode, _server.LocalPeer.Bytes.ToArray()))!;

        Assert.That(answer.CloserPeers.Single().Peer, Is.EqualTo(_server.LocalPeer));
    }

    [Test]
    public void FindNode_OfAClientThatWeKnow_NamesIt_ButNobodyIsToldOfHimself()
    {
        SimulatedPeer client = _network.Add(new DhtOptions { Mode = DhtMode.Client });
        client.Connect(_server);

        Assert.That(Named(Handle(new DhtMessage(DhtMessageType.FindNode, client.LocalPeer.Bytes.ToArray()))!), Is.EqualTo(new[] { client.LocalPeer }));
        Assert.That(Named(Handle(new DhtMessage(DhtMessageType.FindNode, _asker.LocalPeer.Bytes.ToArray()))!), Is.Empty);
    }

    [Test]
    public void FindNode_NamesNobodyWithoutAnAddress()
    {
        _server.Node.PeerServes(TestPeers.Peer(7));

        Assert.That(Named(Handle(new DhtMessage(DhtMessageType.FindNode, Content))!), Is.Empty);
    }

    [Test]
    public void LoopbackAddresses_AreTold_OnlyOnThisMachine()
    {
        SimulatedPeer other = _network.Add();
        other.Connect(_server);
        _server.Learn(other.LocalPeer, [Multiaddr.Parse("/ip4/192.168.1.2/tcp/1")], TimeSpan.FromHours(1));

        DhtMessage remote = Handle(new DhtMessage(DhtMessageType.FindNode, Content), IpScope.Private)!;

        Assert.That(remote.CloserPeers.Single().Addresses.Select(address => address.ToString()), Is.EqualTo(new[] { "/ip4/192.168.1.2/tcp/1" }));
        Assert.That(Handle(new DhtMessage(DhtMessageType.FindNode, Content))!.CloserPeers.Single().Addresses, Has.Count.EqualTo(2));
    }

    [Test]
    public void Answers_StayWithinTheirBounds()
    {
        Multiaddr[] addresses = [.. Enumerable.Range(1, 16).Select(port => Multiaddr.Parse($"/dns4/{new string('a', 60)}.example.org/tcp/{port}"))];
        for (int i = 0; i < 300; i++)
        {
            _server.Learn(TestPeers.Peer(i), addresses, TimeSpan.FromHours(1));
            _server.Node.PeerServes(TestPeers.Peer(i));
            _server.Node.Providers.Add(Content, TestPeers.Peer(i));
        }

        DhtMessage answer = Handle(new DhtMessage(DhtMessageType.GetProviders, Content))!;

        Assert.That(answer.CloserPeers, Is.Not.Empty);
        Assert.That(answer.ProviderPeers, Is.Not.Empty);
        Assert.That(DhtMessageEncoder.Size(answer), Is.LessThan(16 * 1024));
    }

    [Test]
    public void PutValue_IsEchoedAndKept()
    {
        DhtMessage request = Put("a", [1, 2]);

        Assert.That(Handle(request), Is.EqualTo(request));
        DhtMessage answer = Handle(new DhtMessage(DhtMessageType.GetValue, request.Key))!;
        Assert.That(answer.Record!.Value.ToArray(), Is.EqualTo(new byte[] { 1, 2 }));
        Assert.That(answer.Record.Key.ToArray(), Is.EqualTo(request.Key.ToArray()));
        Assert.That(answer.Record.TimeReceived, Is.EqualTo("2026-01-01T00:00:00.000000000Z"));
    }

    [Test]
    public void PutValue_IsRefused_WithoutRecord_WithAnotherKey_AndByTheRules()
    {
        byte[] key = TestRecords.Key("a");
        AssertRefused(new DhtMessage(DhtMessageType.PutValue, key));
        AssertRefused(new DhtMessage(DhtMessageType.PutValue, key) { Record = new DhtRecord(TestRecords.Key("b"), new byte[] { 1 }) });
        AssertRefused(new DhtMessage(DhtMessageType.PutValue) { Record = new DhtRecord(key, new byte[] { 1 }) });
        AssertRefused(Put("a", []));
        AssertRefused(Put("a", [0xff, 1]));
        foreach (string wrong in new[] { "", "test/a", "/test", "/unknown/a", "//a", "a/test/a" })
        {
            byte[] wrongKey = System.Text.Encoding.UTF8.GetBytes(wrong);
            AssertRefused(new DhtMessage(DhtMessageType.PutValue, wrongKey) { Record = new DhtRecord(wrongKey, new byte[] { 1 }) });
        }

        Assert.That(_server.Node.Records.Count, Is.Zero);
    }

    [Test]
    public void PutValue_OfAWorseValue_IsRefused()
    {
        Handle(Put("a", [2]));
        AssertRefused(Put("a", [1]));

        Assert.That(Handle(new DhtMessage(DhtMessageType.GetValue, TestRecords.Key("a")))!.Record!.Value.ToArray(), Is.EqualTo(new byte[] { 2 }));
    }

    [Test]
    public void GetValue_OfAnUnknownKey_NamesOnlyCloserPeers()
    {
        SimulatedPeer other = _network.Add();
        other.Connect(_server);

        DhtMessage answer = Handle(new DhtMessage(DhtMessageType.GetValue, TestRecords.Key("nothing")))!;

        Assert.That(answer.Record, Is.Null);
        Assert.That(Named(answer), Is.EqualTo(new[] { other.LocalPeer }));
    }

    [Test]
    public void AddProvider_IsTakenFromTheProviderHimself_AndNotAnswered()
    {
        Assert.That(Handle(Provide(new DhtPeer(TestPeers.Peer(9), [Address]), new DhtPeer(_asker.LocalPeer, [Address]))), Is.Null);

        DhtMessage answer = Handle(new DhtMessage(DhtMessageType.GetProviders, Content))!;
        Assert.That(answer.ProviderPeers.Single().Peer, Is.EqualTo(_asker.LocalPeer));
        Assert.That(answer.ProviderPeers.Single().Addresses, Has.Member(Address));
        Assert.That(answer.Key.ToArray(), Is.EqualTo(Content));
    }

    [Test]
    public void AddProvider_IsRefused_ForOthers_WithoutAddress_AndForKeysThatAreNoMultihash()
    {
        AssertRefused(Provide());
        AssertRefused(Provide(new DhtPeer(TestPeers.Peer(9), [Address])));
        AssertRefused(Provide(new DhtPeer(_asker.LocalPeer, [])));
        AssertRefused(Provide(new DhtPeer(_asker.LocalPeer, [Address.WithPeer(TestPeers.Peer(9))])));
        foreach (byte[] key in new byte[][] { [], [0x12], [0x12, 0x20], Content[..^1], [.. Content, 0], [0x12, 0x10, .. new byte[16]], [0x11, 79, .. new byte[79]] })
        {
            AssertRefused(Provide(new DhtPeer(_asker.LocalPeer, [Address])) with { Key = key });
            AssertRefused(new DhtMessage(DhtMessageType.GetProviders, key));
        }

        Assert.That(_server.Node.Providers.Count, Is.Zero);
    }

    [TestCase(80, false)]
    [TestCase(81, true)]
    public void ProviderKey_IsRefusedAbove80Bytes(int size, bool isRefused)
    {
        byte[] key = [0x00, (byte)(size - 2), .. new byte[size - 2]];
        DhtMessage add = Provide(new DhtPeer(_asker.LocalPeer, [Address])) with { Key = key };
        DhtMessage get = new(DhtMessageType.GetProviders, key);

        if (isRefused)
        {
            AssertRefused(add);
            AssertRefused(get);
            Assert.That(_server.Node.Providers.Count, Is.Zero);
        }
        else
        {
            Assert.That(Handle(add), Is.Null);
            Assert.That(Handle(get)!.ProviderPeers.Single().Peer, Is.EqualTo(_asker.LocalPeer));
        }
    }

    [Test]
    public void GetProviders_NamesUs_WhileWeProvide()
    {
        _server.Node.Publications.Add(Content, null);
        Assert.That(Handle(new DhtMessage(DhtMessageType.GetProviders, Content))!.ProviderPeers.Single().Peer, Is.EqualTo(_server.LocalPeer));
        _server.Node.Publications.Remove(Content, isValue: false);
        Assert.That(Handle(new DhtMessage(DhtMessageType.GetProviders, Content))!.ProviderPeers, Is.Empty);
    }

    [Test]
    public void Ping_IsAnswered_AndMissingKeysAreRefused()
    {
        Assert.That(Handle(new DhtMessage(DhtMessageType.Ping))!.Type, Is.EqualTo(DhtMessageType.Ping));
        AssertRefused(new DhtMessage(DhtMessageType.FindNode));
        AssertRefused(new DhtMessage(DhtMessageType.GetValue));
        AssertRefused(new DhtMessage((DhtMessageType)6, new byte[] { 1 }));
    }

    private DhtMessage? Handle(DhtMessage request, IpScope scope = IpScope.Loopback) =>
        _server.Node.Handler.Handle(new Asker(_asker.LocalPeer, scope), request);

    private void AssertRefused(DhtMessage request) => Assert.That(() => Handle(request), Throws.TypeOf<InvalidDataException>());

    private static DhtMessage Put(string key, byte[] value) =>
        new(DhtMessageType.PutValue, TestRecords.Key(key)) { Record = new DhtRecord(TestRecords.Key(key), value) };

    private static DhtMessage Provide(params DhtPeer[] providers) => new(DhtMessageType.AddProvider, Content) { ProviderPeers = providers };

    private static IEnumerable<PeerId> Named(DhtMessage answer) => answer.CloserPeers.Select(peer => peer.Peer);
}

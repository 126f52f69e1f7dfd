using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Mdns;

/// <summary>Hosts on network segments in memory, on a clock of the test.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MdnsDiscoveryTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();
    private readonly MdnsAir _air = new();
    private readonly List<Node> _nodes = [];

    [TearDown]
    public async Task Stop()
    {
        foreach (Node node in _nodes)
            await node.Discovery.DisposeAsync();
        Assert.That(_air.Members, Is.Zero);
        Assert.That(_time.PendingTimers, Is.Zero);
    }

    [Test]
    public async Task Hosts_FindEachOther()
    {
        Node a = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/4001");
        Node b = Start("192.168.1.2", "/ip4/192.168.1.2/tcp/4002");
        await Until(() => a.Found.Count > 0 && b.Found.Count > 0, "discovery");
        Assert.That(a.Found[0].Peer, Is.EqualTo(b.Id));
        Assert.That(a.Found[0].Addresses.Select(address => address.ToString()), Is.EqualTo(new[] { "/ip4/192.168.1.2/tcp/4002" }));
        Assert.That(a.Found[0].First, Is.True);
        Assert.That(a.Network.Peers.Addresses(b.Id).Select(address => address.ToString()), Is.EqualTo(new[] { "/ip4/192.168.1.2/tcp/4002" }));
        await Until(() => a.Found.Count > 1, "another answer");
        Assert.That(a.Found.Skip(1).Select(found => found.First), Has.None.True);
        Assert.That(a.Found.Select(found => found.Peer), Has.None.EqualTo(a.Id), "oneself is left out");
    }

    [Test]
    public async Task Hosts_OfOtherServicesAreStrangers()
    {
        Node a = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/4001", new MdnsOptions { ServiceName = "_p2p-0123._udp.local" });
        Node b = Start("192.168.1.2", "/ip4/192.168.1.2/tcp/4002");
        Node c = Start("192.168.1.3", "/ip4/192.168.1.3/tcp/4003");
        await Until(() => b.Found.Count > 0 && c.Found.Count > 0, "discovery");
        Assert.That(a.Found, Is.Empty);
        Assert.That(b.Found.Concat(c.Found).Select(found => found.Peer), Has.None.EqualTo(a.Id));
    }

    [Test]
    public async Task Answers_HoldPtrAndTxtWithPrivateAddressesOnly()
    {
        Node node = Start(
            "192.168.1.1",
            "/ip4/8.8.8.8/tcp/1", "/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip6/2a00::1/tcp/1", "/ip6/fd00::1/tcp/1",
            "/dns4/example.com/tcp/1", "/ip4/192.168.1.1/tcp/1");
        await Until(() => _air.Sent.Any(sent => sent.Message.IsResponse), "answer");
        DnsMessage answer = _air.Sent.First(sent => sent.Message.IsResponse).Message;
        string name = node.Discovery.PeerName;
        Assert.That(name, Does.Match("^[a-z0-9]{32}\\._p2p\\._udp\\.local$"));
        Assert.That(
            answer.Answers.Select(record => (record.Name, record.Type, record.Ttl, record.Target)),
            Is.EqualTo(new[] { ("_p2p._udp.local", DnsType.Ptr, 120u, name) }));
        Assert.That(answer.Additionals.Select(record => record.Name), Has.All.EqualTo(name));
        Assert.That(
            answer.Additionals.SelectMany(record => record.Texts!).Select(Encoding.ASCII.GetString),
            Is.EqualTo(new[] { "/ip4/192.168.1.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip6/fd00::1/tcp/1" }
                .Select(address => $"dnsaddr={address}/p2p/{node.Id}")));
    }

    [Test]
    public async Task Answers_CarryWhatFitsIntoAPacket()
    {
        Start("192.168.1.1", [.. Enumerable.Range(1, 40).Select(port => $"/ip4/192.168.1.1/tcp/{port}")]);
        await Until(() => _air.Sent.Any(sent => sent.Message.IsResponse), "answer");
        Assert.That(_air.Sent.First(sent => sent.Message.IsResponse).Message.Additionals, Has.Count.InRange(5, 10));
    }

    [Test]
    public async Task Answers_AreLeftOutWithoutAnAddress()
    {
        Start("192.168.1.1", "/ip4/127.0.0.1/tcp/1");
        await _time.AdvanceAsync(Minute);
        Assert.That(_air.Sent.Select(sent => sent.Message.IsResponse), Is.Not.Empty.And.None.True);
    }

    [Test]
    public async Task Answers_ComeAtMostOncePerSecondHoweverOftenAsked()
    {
        Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        for (int i = 0; i < 500; i++)
        {
            Ask("_p2p._udp.local", DnsType.Ptr);
            await _time.AdvanceAsync(TimeSpan.FromMilliseconds(20));
        }
        Assert.That(_air.Sent.Count(sent => sent.Message.IsResponse), Is.InRange(1, 11));
    }

    [Test]
    public async Task Answers_AreGivenToQuestionsForTheNameAndTheListOfServices()
    {
        Node node = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        await Until(() => Responses("_p2p._udp.local") > 2, "end of the first questions");
        int before = Responses("_p2p._udp.local");
        Ask(node.Discovery.PeerName.ToUpperInvariant(), DnsType.Txt);
        await Until(() => Responses("_p2p._udp.local") > before, "answer about the peer");
        Ask("_services._dns-sd._udp.local", DnsType.Ptr);
        await Until(() => Responses("_services._dns-sd._udp.local") > 0, "answer about the service");
    }

    [Test]
    public async Task Changes_OfAddressesAreToldAtOnce()
    {
        Node node = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        await Until(() => LastText().Contains("/tcp/1/", StringComparison.Ordinal), "answer");
        node.Addresses = [Multiaddr.Parse("/ip4/192.168.1.1/tcp/2")];
        node.Network.LocalInfoChanged += Raise.Event<Action>();
        await Until(() => LastText().Contains("/tcp/2/", StringComparison.Ordinal), "news");
    }

    [Test]
    public async Task Strangers_AreNotBelievedEverything()
    {
        Node node = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        PeerId stranger = Peer(99);
        string[] refused =
        [
            "/ip4/127.0.0.1/tcp/22", "/ip4/8.8.8.8/tcp/1", "/dns4/example.com/tcp/1", "/dnsaddr/example.com", "/ip4/192.168.1.9/udp/1/quic-v1",
            "/ip4/224.0.0.251/tcp/1", "/ip4/0.0.0.0/tcp/1", "", "/", "/ip4/192.168.1.9/tcp/99999", $"/ip4/192.168.1.9/tcp/1/p2p/{stranger}/p2p-circuit",
        ];
        Answer("192.168.1.9", [.. refused.Select(address => $"dnsaddr={address}/p2p/{stranger}"), "dnsaddr=/ip4/192.168.1.9/tcp/1", "x"]);
        Answer("192.168.1.9", [$"dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/{stranger}"]);
        await Until(() => node.Found.Count > 0, "discovery");
        Assert.That(
            node.Found.Select(found => $"{found.Peer} {string.Join(' ', found.Addresses)}"),
            Is.EqualTo(new[] { $"{stranger} /ip4/192.168.1.9/tcp/1" }));
    }

    [Test]
    public async Task PublicAddresses_AreAnnouncedAndBelievedOnTheirOwnLinkOnly()
    {
        Node a = Start("8.8.8.1", "/ip4/8.8.8.1/tcp/1", "/ip4/9.9.9.9/tcp/1", "/ip6/2a00:77::1/tcp/1", "/ip6/2a00:78::1/tcp/1");
        Node b = Start("8.8.8.2", "/ip4/8.8.8.2/tcp/1");
        a.OnLink = b.OnLink = [IPNetwork.Parse("8.8.8.0/24"), IPNetwork.Parse("2a00:77::/64")];
        await Until(() => a.Found.Count > 0 && b.Found.Count > 0, "discovery");
        Assert.That(b.Found[0].Addresses.Select(address => address.ToString()), Is.EqualTo(new[] { "/ip4/8.8.8.1/tcp/1", "/ip6/2a00:77::1/tcp/1" }));
        b.Forget();
        Answer("8.8.8.9", [.. new[] { "8.8.9.9", "9.9.9.9", "8.8.8.9" }.Select(address => $"dnsaddr=/ip4/{address}/tcp/1/p2p/{Peer(99)}")]);
        await Until(() => b.Found.Any(found => found.Peer.Equals(Peer(99))), "the stranger");
        Assert.That(
            b.Found.First(found => found.Peer.Equals(Peer(99))).Addresses.Select(address => address.ToString()),
            Is.EqualTo(new[] { "/ip4/8.8.8.9/tcp/1" }));
    }

    [TestCase("192.168.77.5", 24, "192.168.77.0/24")]
    [TestCase("8.8.8.200", 25, "8.8.8.128/25")]
    [TestCase("8.8.8.8", 32, "8.8.8.8/32")]
    [TestCase("8.8.8.8", 7, null)]
    [TestCase("2a00:77::1:2", 64, "2a00:77::/64")]
    [TestCase("2a00:77::1", 128, "2a00:77::1/128")]
    [TestCase("2a00:77::1", 31, null)]
    [TestCase("2a00:77::1", 0, null)]
    public void Networks_FollowFromAddressAndPrefix(string address, int prefix, string? expected) =>
        Assert.That(MdnsSurroundings.NetworkOf(IPAddress.Parse(address), prefix)?.ToString(), Is.EqualTo(expected));

    [Test]
    public async Task Strangers_OnThisMachineMayNameLoopback()
    {
        Node node = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        Answer("192.168.1.1", [$"dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/{Peer(99)}"]);
        await Until(() => node.Found.Count > 0, "discovery");
        Assert.That(node.Found[0].Addresses.Single().ToString(), Is.EqualTo("/ip4/127.0.0.1/tcp/1"));
    }

    [Test]
    public async Task Strangers_NameFewPeersAndAddressesInOneMessage()
    {
        Node node = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        Answer("192.168.1.9", [.. Enumerable.Range(1, 60).Select(i => $"dnsaddr=/ip4/192.168.1.9/tcp/{i}/p2p/{Peer(100 + (i % 20))}")]);
        await Until(() => node.Found.Count >= MdnsReader.MaxPeers, "discovery");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.That(node.Found, Has.Count.EqualTo(MdnsReader.MaxPeers));
        Assert.That(node.Found.Sum(found => found.Addresses.Count), Is.LessThanOrEqualTo(MdnsReader.MaxAddresses));
    }

    [Test]
    public async Task Garbage_ChangesNothing()
    {
        Node a = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        Random random = new(7);
        for (int i = 0; i < 500; i++)
        {
            byte[] garbage = new byte[random.Next(2000)];
            random.NextBytes(garbage);
            _air.Send(IPAddress.Parse("192.168.1.9"), garbage);
        }
        await _time.AdvanceAsync(TimeSpan.FromSeconds(2));
        Node b = Start("192.168.1.2", "/ip4/192.168.1.2/tcp/1");
        await Until(() => a.Found.Count > 0 && b.Found.Count > 0, "discovery");
        Assert.That(a.Discovery.Completion.IsCompleted, Is.False);
    }

    [Test]
    public async Task Failure_OfTheNetworkIsSurvived()
    {
        Node a = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        Node b = Start("192.168.1.2", "/ip4/192.168.1.2/tcp/1");
        await Until(() => a.Found.Count > 0 && b.Found.Count > 0, "discovery");
        _air.IsDown = true;
        await Until(() => _air.Members == 0, "departure");
        await _time.AdvanceAsync(5 * Minute);
        _air.IsDown = false;
        a.Forget();
        b.Forget();
        await Until(() => a.Found.Count > 0 && b.Found.Count > 0, "discovery after the failure");
    }

    [Test]
    public async Task Interfaces_AreFollowed()
    {
        MdnsAir other = new();
        Node a = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        await Until(() => _air.Members == 1, "membership");
        a.Joined = place => place.Name == "new" ? other : _air;
        a.Places = [Place(2, "new", "10.0.0.1")];
        await Until(() => other.Members == 1 && _air.Members == 0, "move to the new interface");
        await Until(() => other.Sent.Any(sent => !sent.Message.IsResponse), "question there");
        a.Places = [Place(2, "new", "10.0.0.2")];
        await Until(() => other.Sent.Any(sent => sent.Source.ToString() == "10.0.0.2"), "question from the new address");
        Assert.That(other.Members, Is.EqualTo(1));
        a.Places = [];
        await Until(() => other.Members == 0, "departure");
    }

    [Test]
    public async Task Sleep_IsFollowedByAQuestionAtOnce()
    {
        SleepyTime time = new(_time);
        Start("192.168.1.1", new MdnsOptions { QueryInterval = TimeSpan.FromHours(1) }, time, "/ip4/192.168.1.1/tcp/1");
        await Until(() => _air.Sent.Any(sent => sent.Message.IsResponse), "start");
        int queries = _air.Sent.Count(sent => !sent.Message.IsResponse);
        int joins = _air.Joins;
        time.Sleep(TimeSpan.FromMinutes(10));
        await Until(() => _air.Joins > joins, "joining again");
        await Until(() => _air.Sent.Count(sent => !sent.Message.IsResponse) > queries, "question");
        Assert.That(_air.Members, Is.EqualTo(1));
    }

    [Test]
    public async Task Completion_TellsOfADefect()
    {
        Node node = Start("192.168.1.1", "/ip4/192.168.1.1/tcp/1");
        node.Joined = _ => throw new InvalidOperationException("defect");
        node.Places = [Place(2, "new", "10.0.0.1")];
        await Wait.UntilAsync(_time, Step, () => node.Discovery.Completion.IsFaulted, "defect");
    }

    private static MdnsInterface Place(int index, string name, string address) => new(index, name, false, IPAddress.Parse(address));

    private static PeerId Peer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return PeerId.FromEd25519(key);
    }

    private Node Start(string address, params string[] listen) => Start(address, new MdnsOptions(), _time, listen);

    private Node Start(string address, string listen, MdnsOptions options) => Start(address, options, _time, listen);

    private Node Start(string address, MdnsOptions options, TimeProvider time, params string[] listen)
    {
        Node node = new(_nodes.Count + 1, address, time, _air, options) { Addresses = [.. listen.Select(Multiaddr.Parse)] };
        _nodes.Add(node);
        node.Discovery.Start();
        return node;
    }

    private Task Until(Func<bool> condition, string what) => Wait.UntilAsync(_time, Step, condition, what);

    private void Ask(string name, DnsType type)
    {
        byte[] buffer = new byte[512];
        var encoder = new DnsEncoder(buffer, isResponse: false);
        encoder.TryAddQuestion(name, type);
        _air.Send(IPAddress.Parse("192.168.1.200"), buffer.AsSpan(0, encoder.Size));
    }

    private void Answer(string source, string[] texts)
    {
        byte[] buffer = new byte[9000];
        var encoder = new DnsEncoder(buffer, isResponse: true);
        encoder.TryAddPtrAnswer("_p2p._udp.local", "x._p2p._udp.local", 120);
        foreach (string text in texts)
            encoder.TryAddTxt("x._p2p._udp.local", Encoding.ASCII.GetBytes(text), 120, additional: true);
        _air.Send(IPAddress.Parse(source), buffer.AsSpan(0, encoder.Size));
    }

    private int Responses(string name) =>
        _air.Sent.Count(sent => sent.Message.IsResponse && sent.Message.Answers.Any(record => record.Name == name));

    private string LastText() => Encoding.ASCII.GetString(
        _air.Sent.LastOrDefault(sent => sent.Message.IsResponse).Message?.Additionals.SelectMany(record => record.Texts ?? []).First() ?? []);

    private sealed class Node
    {
        private readonly Lock _lock = new();
        private readonly List<MdnsPeer> _found = [];

        public Node(int number, string address, TimeProvider time, MdnsAir air, MdnsOptions options)
        {
            Id = Peer(number);
            Network = Substitute.For<INetwork>();
            Network.LocalPeer.Returns(Id);
            Network.Time.Returns(time);
            Network.Peers.Returns(new PeerStore(time));
            Network.ListenAddresses.Returns(_ => Addresses);
            Joined = _ => air;
            Places = [Place(1, "eth0", address)];
            Discovery = new MdnsDiscovery(
                Network,
                options,
                NullLogger.Instance,
                () => new MdnsSurroundings(
                    Places,
                    new HashSet<IPAddress>([IPAddress.Loopback, .. Places.Select(place => place.Address)]),
                    Places.ToDictionary(place => place, _ => OnLink)),
                place => Joined(place).Join(place.Address),
                new Random(number));
            Discovery.PeerFound += peer =>
            {
                lock (_lock)
                    _found.Add(peer);
            };
        }

        public PeerId Id { get; }

        public INetwork Network { get; }

        public MdnsDiscovery Discovery { get; }

        public IReadOnlyList<Multiaddr> Addresses { get; set; } = [];

        public IReadOnlyList<MdnsInterface> Places { get; set; }

        public IReadOnlyList<IPNetwork> OnLink { get; set; } = [];

        public Func<MdnsInterface, MdnsAir> Joined { get; set; }

        public IReadOnlyList<MdnsPeer> Found
        {
            get
            {
                lock (_lock)
                    return [.. _found];
            }
        }

        public void Forget()
        {
            lock (_lock)
                _found.Clear();
        }
    }

    /// <summary>A clock whose wall time can run on while timers and running time stand still.</summary>
    private sealed class SleepyTime(ManualTime time) : TimeProvider
    {
        private TimeSpan _slept;

        public override long TimestampFrequency => time.TimestampFrequency;

        public void Sleep(TimeSpan span) => _slept += span;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + _slept;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(callback, state, dueTime, period);
    }
}

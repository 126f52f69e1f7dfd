using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identify;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;
using Message = P2PMiner.P2P.Identify.Proto.Identify;

namespace P2PMiner.P2P.Tests.Identify;

public sealed class IdentifyServiceTests
{
    private ManualTime _time = null!;
    private TestSwarm _swarm = null!;
    private TestNetwork[] _peers = null!;
    private List<IdentifiedPeer>[] _identified = null!;
    private IdentifyService?[] _services = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _swarm = new TestSwarm(_time) { AutoIdentify = false };
        _peers = _swarm.Add(2);
        _identified = [[], []];
        _services = new IdentifyService?[2];
    }

    [TearDown]
    public async Task TearDown()
    {
        foreach (TestNetwork peer in _peers)
            peer.Kill();
        foreach (IdentifyService? service in _services)
        {
            if (service is not null)
                await service.DisposeAsync();
        }
    }

    [Test]
    public async Task Identify_TellsBothSidesOfANewConnection()
    {
        StartService(0);
        StartService(1);
        _peers[1].Handle("/b/1", Nothing);

        _peers[0].Connect(_peers[1]);
        await Wait.UntilAsync(() => _identified[0].Count == 1 && _identified[1].Count == 1, "identification of both");

        IdentifiedPeer told = _identified[0][0];
        Assert.That(told.IsPush, Is.False);
        Assert.That(told.Protocols, Is.EqualTo(new[] { "/b/1", IdentifyProtocol.Id, IdentifyProtocol.PushId }));
        Assert.That(told.ListenAddresses, Is.EqualTo(new[] { _peers[1].Address }));
        Assert.That(told.ObservedAddress, Is.EqualTo(_peers[0].Address));
        Assert.That((told.AgentVersion, told.ProtocolVersion), Is.EqualTo(("agent-1", "ipfs/0.1.0")));
        Assert.That(told.SignedRecord!.Addresses, Is.EqualTo(new[] { _peers[1].Address }));
        Assert.That(PeerRecord.TryVerify(told.SignedRecordEnvelope, out _), Is.True);
        KnownPeer known = _peers[0].Peers.Find(_peers[1].LocalPeer)!;
        Assert.That(known.Addresses.Select(address => (address.Address, address.IsCertified)), Is.EqualTo(new[] { (_peers[1].Address, true) }));
        Assert.That((known.AgentVersion, known.Protocols), Is.EqualTo(("agent-1", told.Protocols)));
    }

    [Test]
    public async Task Push_FollowsAChangeAfterASecondAndOnce()
    {
        StartService(0);
        StartService(1);
        _peers[0].Connect(_peers[1]);
        await Wait.UntilAsync(() => _identified[0].Count == 1 && _identified[1].Count == 1, "identification of both");

        _peers[1].Handle("/b/1", Nothing);
        _peers[1].Handle("/b/2", Nothing);
        await _time.AdvanceAsync(TimeSpan.FromMilliseconds(999));
        Assert.That(_identified[0], Has.Count.EqualTo(1));
        await _time.AdvanceAsync(TimeSpan.FromMilliseconds(2));
        await Wait.UntilAsync(() => _identified[0].Count == 2, "push");

        Assert.That(_identified[0][1].IsPush, Is.True);
        Assert.That(_identified[0][1].Protocols, Does.Contain("/b/1").And.Contain("/b/2"));
        Assert.That(_identified[0][1].SignedRecord!.Sequence, Is.GreaterThan(_identified[0][0].SignedRecord!.Sequence));
        await _time.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.That(_identified[0], Has.Count.EqualTo(2));
        Assert.That(_peers[0].Peers.Protocols(_peers[1].LocalPeer), Does.Contain("/b/2"));
    }

    [Test]
    public async Task Push_GoesOnlyToPeersThatListIt()
    {
        StartService(1);
        int pushes = 0;
        _peers[0].Handle(IdentifyProtocol.Id, Answer(new Message { AgentVersion = "no push" }));
        _peers[0].Handle(IdentifyProtocol.PushId, (_, _) =>
        {
            pushes++;
            return Task.CompletedTask;
        });
        _peers[0].Connect(_peers[1]);
        await Wait.UntilAsync(() => _identified[1].Count == 1, "identification");

        _peers[1].Handle("/b/1", Nothing);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(10));

        Assert.That(pushes, Is.Zero);
    }

    [Test]
    public async Task Push_ThatOvertakesTheFirstAnswerIsReportedAfterIt()
    {
        StartService(1);
        TaskCompletionSource answer = new();
        _peers[0].Handle(IdentifyProtocol.Id, async (stream, cancellation) =>
        {
            await answer.Task;
            await Answer(new Message { AgentVersion = "answer" })(stream, cancellation);
        });
        IPeerConnection connection = _peers[0].Connect(_peers[1]);

        await PushAsync(connection, new Message { AgentVersion = "push" });
        await ManualTime.SettleAsync();
        Assert.That(_identified[1], Is.Empty);
        answer.SetResult();
        await Wait.UntilAsync(() => _identified[1].Count == 2, "both");

        Assert.That(_identified[1].Select(peer => (peer.AgentVersion, peer.IsPush)), Is.EqualTo(new[] { ("answer", false), ("push", true) }));
    }

    [Test]
    public async Task Push_LeavesUnchangedWhatItDoesNotName()
    {
        StartService(1);
        _peers[0].Handle(IdentifyProtocol.Id, Answer(new Message { AgentVersion = "x", Protocols = { "/a/1" } }));
        IPeerConnection connection = _peers[0].Connect(_peers[1]);
        await Wait.UntilAsync(() => _identified[1].Count == 1, "identification");

        await PushAsync(connection, new Message { AgentVersion = "y" });
        await Wait.UntilAsync(() => _identified[1].Count == 2, "push");

        Assert.That(_identified[1][1].Protocols, Is.Null);
        KnownPeer known = _peers[1].Peers.Find(_peers[0].LocalPeer)!;
        Assert.That((known.AgentVersion, known.Protocols), Is.EqualTo(("y", new[] { "/a/1" })));
    }

    [Test]
    public async Task Push_IsLimitedInItsRate()
    {
        StartService(1);
        _peers[0].Handle(IdentifyProtocol.Id, Answer(new Message { AgentVersion = "x" }));
        IPeerConnection connection = _peers[0].Connect(_peers[1]);
        await Wait.UntilAsync(() => _identified[1].Count == 1, "identification");
        for (int i = 0; i < IdentifyState.MaxPushes; i++)
        {
            await PushAsync(connection, new Message { AgentVersion = $"{i}" });
            await Wait.UntilAsync(() => _identified[1].Count == i + 2, "push");
        }

        PeerStream refused = await connection.OpenStreamAsync([IdentifyProtocol.PushId]).InTime();
        await Assert.ThatAsync(() => refused.ReadExactlyAsync(new byte[1]).InTime(), Throws.InstanceOf<StreamResetException>());
        await _time.AdvanceAsync(IdentifyState.PushInterval);
        await PushAsync(connection, new Message { AgentVersion = "later" });

        await Wait.UntilAsync(() => _identified[1][^1].AgentVersion == "later", "push");
    }

    [Test]
    public async Task Identify_MergesSeveralMessages()
    {
        StartService(1);
        Message first = new() { Protocols = { "/a/1" }, AgentVersion = "x" };
        Message second = new() { Protocols = { "/a/2" }, ListenAddrs = { Bytes(_peers[0].Address) } };
        _peers[0].Handle(IdentifyProtocol.Id, Answer(first, second));

        _peers[0].Connect(_peers[1]);
        await Wait.UntilAsync(() => _identified[1].Count == 1, "identification");

        Assert.That(_identified[1][0].Protocols, Is.EqualTo(new[] { "/a/1", "/a/2" }));
        Assert.That(_identified[1][0].ListenAddresses, Is.EqualTo(new[] { _peers[0].Address }));
    }

    [Test]
    public async Task Identify_DoesNotBelieveWhatIsNotTheRemotes()
    {
        StartService(1);
        var other = Ed25519KeyPair.FromSeed(new byte[32]);
        PeerId otherPeer = other.ToPublicKey().ToPeerId();
        var address = Multiaddr.Parse("/ip4/10.1.1.1/tcp/7");
        byte[] foreign = new PeerRecord(otherPeer, 5, [address]).Sign(other);
        byte[] damaged = new PeerRecord(_peers[0].LocalPeer, 5, [address]).Sign(_peers[0].Key);
        damaged[^1] ^= 1;
        foreach (byte[] record in new[] { foreign, damaged })
        {
            _peers[0].Handle(IdentifyProtocol.Id, Answer(new Message
            {
                ListenAddrs = { Bytes(address.WithPeer(otherPeer)), ByteString.CopyFrom(0xff, 0xff), ByteString.Empty },
                ObservedAddr = ByteString.CopyFrom(1, 2),
                SignedPeerRecord = ByteString.CopyFrom(record),
            }));
            IdentifiedPeer told = await _services[1]!.IdentifyAsync(_peers[1].Connect(_peers[0]), CancellationToken.None).InTime();
            Assert.That((told.SignedRecord, told.SignedRecordEnvelope, told.ObservedAddress), Is.EqualTo(((PeerRecord?)null, (byte[]?)null, (Multiaddr?)null)));
            Assert.That(told.ListenAddresses, Is.Empty);
        }

        Assert.That(_peers[1].Peers.Addresses(otherPeer), Is.Empty);
        Assert.That(_peers[1].Peers.Addresses(_peers[0].LocalPeer), Does.Not.Contain(address));
    }

    [TestCase("key")]
    [TestCase("size")]
    [TestCase("count")]
    [TestCase("garbage")]
    [TestCase("cut")]
    [TestCase("nothing")]
    public async Task Identify_RefusesAnAnswerThatBreaksTheRules(string fault)
    {
        StartService(1);
        Message small = new() { Protocols = { "/a/1" } };
        byte[] answer = fault switch
        {
            "key" => Frame(new Message { PublicKey = ByteString.CopyFrom(Ed25519KeyPair.FromSeed(new byte[32]).ToPublicKey().Encoded) }),
            "size" => Frame(new Message { AgentVersion = new string('x', IdentifyProtocol.MaxMessageSize) }),
            "count" => Frame([.. Enumerable.Repeat(small, IdentifyProtocol.MaxMessages + 1)]),
            "garbage" => [3, 0xff, 0xff, 0xff],
            "cut" => Frame(small)[..^1],
            _ => [],
        };
        _peers[0].Handle(IdentifyProtocol.Id, Answer(answer));
        IPeerConnection connection = _peers[1].Connect(_peers[0]);

        await Assert.ThatAsync(() => _services[1]!.IdentifyAsync(connection, CancellationToken.None).InTime(), Throws.InstanceOf<IOException>());

        Assert.That(_identified[1], Is.Empty);
        Assert.That(connection.Closed.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task Identify_GivesUpOnARemoteThatSaysNothing()
    {
        StartService(1);
        _peers[0].Handle(IdentifyProtocol.Id, static (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation));
        IPeerConnection connection = _peers[1].Connect(_peers[0]);
        Task<IdentifiedPeer> identifying = _services[1]!.IdentifyAsync(connection, CancellationToken.None);

        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => identifying.IsCompleted, "end");

        await Assert.ThatAsync(() => identifying, Throws.InstanceOf<TimeoutException>());
        await Wait.UntilAsync(() => connection.StreamCount == 0, "end of its streams");
    }

    [Test]
    public void Description_StaysBelowFourKilobytesPerMessage()
    {
        var key = Ed25519KeyPair.FromSeed(new byte[32]);
        LocalDescription local = new(
            key.ToPublicKey(), "agent", [_peers[0].Address], [.. Enumerable.Range(0, 300).Select(number => $"/some/long/protocol/{number}/1.0.0")], new byte[500]);

        byte[] encoded = IdentifyMessages.Encode(local, _peers[0].Address);

        List<string> protocols = [];
        int messages = 0;
        for (ReadOnlySpan<byte> rest = encoded; rest.Length > 0; messages++)
        {
            Assert.That(Varint.Read(rest, out ulong size, out int prefix), Is.EqualTo(VarintStatus.Done));
            Assert.That(size, Is.LessThanOrEqualTo(4096UL));
            protocols.AddRange(IdentifyMessages.Parse(rest.Slice(prefix, (int)size)).Protocols);
            rest = rest[(prefix + (int)size)..];
        }
        Assert.That(messages, Is.InRange(2, IdentifyProtocol.MaxMessages));
        Assert.That(protocols, Is.EqualTo(local.Protocols));
    }

    // identify/README.md, "signedPeerRecord": the record holds the same addresses as the message.
    [Test]
    public void Description_HasARecordOfExactlyItsAddresses_NearAndFar()
    {
        var other = Multiaddr.Parse("/ip4/10.1.2.3/tcp/4001");
        LocalInfo info = new(_peers[0], "agent", () => [other]);
        LocalDescription near = info.For(TestConnection.Create(_peers[0], _peers[1])).Description;
        LocalDescription far = info.For(TestConnection.Create(_peers[0], _swarm.Add("/ip4/10.9.9.9/tcp/4001"))).Description;

        Assert.That(near.Addresses, Is.EqualTo(new[] { _peers[0].Address, other }));
        Assert.That(far.Addresses, Is.EqualTo(new[] { other }));
        Assert.That(RecordOf(near).Addresses, Is.EqualTo(near.Addresses));
        Assert.That(RecordOf(far).Addresses, Is.EqualTo(far.Addresses));
        Assert.That(RecordOf(near).Sequence, Is.Not.EqualTo(RecordOf(far).Sequence), "records that differ");
    }

    private static PeerRecord RecordOf(LocalDescription description)
    {
        Assert.That(PeerRecord.TryVerify(description.SignedRecord, out PeerRecord? record), Is.True);
        return record!;
    }

    private void StartService(int index)
    {
        _services[index] = new IdentifyService(_peers[index], $"agent-{index}", _identified[index].Add, NullLogger.Instance);
    }

    private static Task Nothing(PeerStream stream, CancellationToken cancellation) => Task.CompletedTask;

    private static ByteString Bytes(Multiaddr address) => ByteString.CopyFrom(address.Bytes.Span);

    private static byte[] Frame(params Message[] messages)
    {
        using MemoryStream output = new();
        foreach (Message message in messages)
            message.WriteDelimitedTo(output);
        return output.ToArray();
    }

    private static StreamHandler Answer(params Message[] messages) => Answer(Frame(messages));

    private static StreamHandler Answer(byte[] bytes) => async (stream, cancellation) =>
    {
        await stream.WriteAsync(bytes, cancellation);
        await stream.CloseWriteAsync(cancellation);
        _ = await stream.ReadAsync(new byte[1], cancellation);
    };

    private static async Task PushAsync(IPeerConnection connection, Message message)
    {
        PeerStream stream = await connection.OpenStreamAsync([IdentifyProtocol.PushId]).InTime();
        await stream.WriteAsync(Frame(message)).InTime();
        await stream.CloseWriteAsync().InTime();
    }
}

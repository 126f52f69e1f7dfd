using P2PMiner.Interop.Tests.Raw;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>Authenticated peers that break a protocol on a stream: the stream is reset, and the connection may go on.</summary>
internal sealed class StreamAttackTests : HostileTests
{
    private const string Identify = "/ipfs/id/1.0.0";
    private const string Push = "/ipfs/id/push/1.0.0";
    private const string Ping = "/ipfs/ping/1.0.0";

    private readonly Ed25519KeyPair _key = Ed25519KeyPair.Generate();

    private PeerId Attacker => _key.ToPublicKey().ToPeerId();

    private static IEnumerable<TestCaseData> Negotiations()
    {
        byte[] header = RawSocket.Line(RawSocket.Multistream);
        yield return Case("no header", RawSocket.Line(Echo));
        yield return Case("a line of 1025 bytes", [.. header, .. RawSocket.Line(new string('x', 1024))]);
        yield return Case("a length of 4 GiB", [0xff, 0xff, 0xff, 0xff, 0x0f]);
        yield return Case("garbage", [.. Enumerable.Repeat((byte)0xaa, 500)]);
        yield return Case("nothing", []);

        static TestCaseData Case(string name, byte[] bytes) => new TestCaseData(bytes).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Negotiations))]
    public async Task Negotiation_ThatIsNone_EndsTheStream(byte[] bytes)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync();

        await stream.SendAsync(bytes);

        await stream.UntilEndedAsync();
    }

    [Test]
    public async Task UnknownProtocol_IsRefused_AndTheNextMayBeProposed()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync();

        await stream.SendAsync([.. RawSocket.Line(RawSocket.Multistream), .. RawSocket.Line("/nobody/1.0.0")]);
        Assert.That(await stream.ReadLineAsync(), Is.EqualTo(RawSocket.Multistream));
        Assert.That(await stream.ReadLineAsync(), Is.EqualTo("na"));
        await stream.SendAsync(RawSocket.Line(Echo));
        Assert.That(await stream.ReadLineAsync(), Is.EqualTo(Echo));
    }

    [Test]
    public async Task Ping_WithTooFewBytes_IsNotAnsweredAndHarmsNobody()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Ping);

        await stream.SendAsync(new byte[31]);
        await stream.CloseAsync();

        await stream.UntilEndedAsync();
        await session.PingAsync();
    }

    [Test]
    public async Task Ping_OnManyStreams_IsLimited()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream[] streams = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => session.OpenAsync()));
        foreach (RawStream stream in streams)
            await stream.SendAsync([.. RawSocket.Line(RawSocket.Multistream), .. RawSocket.Line(Ping), .. new byte[32]]);

        await UntilAsync(() => streams.Count(stream => stream.IsReset) >= 40 || session.IsClosed, "reset of the surplus streams");
    }

    [Test]
    public async Task Identify_OfAnotherPeer_IsNotBelieved()
    {
        byte[] other = Ed25519KeyPair.Generate().ToPublicKey().Encoded.ToArray();

        await AnswerIdentifyAsync([.. Proto.Bytes(1, other), .. Proto.Text(3, "/hostile/1.0.0"), .. Proto.Text(6, "liar")]);

        Assert.That(Victim.Network.Peers.Protocols(Attacker) ?? [], Does.Not.Contain("/hostile/1.0.0"));
    }

    [Test]
    public async Task Identify_WithARecordOfAnotherPeer_DoesNotGetItsAddressesIn()
    {
        var other = Ed25519KeyPair.Generate();
        byte[] record = new PeerRecord(other.ToPublicKey().ToPeerId(), 1, [Multiaddr.Parse("/ip4/127.0.0.1/tcp/9")]).Sign(other);

        await AnswerIdentifyAsync(
            [.. Proto.Bytes(1, _key.ToPublicKey().Encoded), .. Proto.Text(3, "/honest/1.0.0"), .. Proto.Bytes(8, record)]);

        Assert.Multiple(() =>
        {
            Assert.That(Victim.Network.Peers.Addresses(other.ToPublicKey().ToPeerId()), Is.Empty);
            Assert.That(Victim.Network.Peers.Addresses(Attacker).Select(one => one.ToString()), Does.Not.Contain("/ip4/127.0.0.1/tcp/9"));
        });
    }

    [Test]
    public async Task Identify_OfMoreThan8Kibibytes_IsNotBelieved()
    {
        await AnswerIdentifyAsync(
            [.. Proto.Bytes(1, _key.ToPublicKey().Encoded), .. Proto.Text(3, "/hostile/1.0.0"), .. Proto.Text(6, new string('a', 9000))]);

        Assert.That(Victim.Network.Peers.Protocols(Attacker) ?? [], Does.Not.Contain("/hostile/1.0.0"));
    }

    [TestCase(0xffffffffUL)]
    [TestCase(ulong.MaxValue)]
    public async Task Push_ThatClaimsToBeHuge_IsReset(ulong length)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Push);

        await stream.SendAsync(RawSocket.Varint(length));

        await stream.UntilResetAsync();
        await session.PingAsync();
    }

    [Test]
    public async Task Push_WithoutEnd_IsCutOff()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Push);
        byte[] message = Proto.Delimited(Proto.Text(6, "again"));

        for (int i = 0; i < 100; i++)
            await stream.SendAsync(message);

        await stream.UntilEndedAsync();
        await session.PingAsync();
    }

    [Test]
    public async Task Dial_OfOneself_Fails()
    {
        Assert.That(async () => await Victim.DialAsync(Victim.Addresses[0]), Throws.InstanceOf<DialException>());
        await Task.CompletedTask;
    }

    /// <summary>Connects, answers the victim's identify question, and returns when the victim has dealt with it.</summary>
    private async Task AnswerIdentifyAsync(byte[] message)
    {
        var served = new TaskCompletionSource<RawStream>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key, async stream =>
        {
            await stream.ReadLineAsync();
            string protocol = await stream.ReadLineAsync();
            await stream.SendAsync([.. RawSocket.Line(RawSocket.Multistream), .. RawSocket.Line(protocol == Identify ? Identify : "na")]);
            if (protocol != Identify)
                return;
            await stream.SendAsync(Proto.Delimited(message));
            await stream.CloseAsync();
            served.TrySetResult(stream);
        });
        RawStream stream = await InTime.DoAsync(token => served.Task.WaitAsync(token), "the victim asks who we are");
        await stream.UntilEndedAsync();
        await session.PingAsync();
    }
}

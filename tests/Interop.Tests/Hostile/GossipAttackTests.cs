using P2PMiner.Interop.Tests.Driver;
using P2PMiner.Interop.Tests.Raw;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>Peers that send messages which nobody may believe, and floods of control messages.</summary>
internal sealed class GossipAttackTests() : ScriptedVictimTests("--topic", Topic, "--kad-mode", "off")
{
    private const string Topic = "attacked";
    private const string Meshsub = "/meshsub/1.1.0";

    private readonly Ed25519KeyPair _key = Ed25519KeyPair.Generate();
    private int _published;

    private static IEnumerable<TestCaseData> BadMessages()
    {
        yield return Case("without signature", message => message with { Signature = _ => null });
        yield return Case("with a signature of zeros", message => message with { Signature = _ => new byte[64] });
        yield return Case("with a short signature", message => message with { Signature = _ => new byte[10] });
        yield return Case("signed by another key", message => message with { Signature = content => Ed25519KeyPair.Generate().Sign(content) });
        yield return Case("without from", message => message with { From = null });
        yield return Case("with a from that is no peer id", message => message with { From = [1, 2, 3] });
        yield return Case("with an empty from", message => message with { From = [] });
        yield return Case("without seqno", message => message with { Seqno = null });
        yield return Case("with a seqno of 7 bytes", message => message with { Seqno = new byte[7] });
        yield return Case("with a seqno of 9 bytes", message => message with { Seqno = new byte[9] });
        yield return Case("with another peer's key", message => message with { Key = Ed25519KeyPair.Generate().ToPublicKey().Encoded.ToArray() });
        yield return Case("with a key that is none", message => message with { Key = [0xff, 0xff] });
        yield return Case("of another topic", message => message with { Topic = "nobody's" });

        static TestCaseData Case(string name, Func<RawMessage, RawMessage> spoil) => new TestCaseData(spoil).SetArgDisplayNames(name);
    }

    private static IEnumerable<TestCaseData> BadFrames()
    {
        yield return Case("that claims 16 MiB", RawSocket.Varint(16 << 20));
        yield return Case("that claims 2^64 bytes", RawSocket.Varint(ulong.MaxValue));
        yield return Case("whose length never ends", [.. Enumerable.Repeat((byte)0x80, 20)]);
        yield return Case("that is no protobuf", Proto.Delimited([0xff, 0xff, 0xff, 0xff]));
        yield return Case("whose field is longer than itself", Proto.Delimited([0x12, 0x7f, 0x01]));

        static TestCaseData Case(string name, byte[] bytes) => new TestCaseData(bytes).SetArgDisplayNames(name);
    }

    [OneTimeSetUp]
    public async Task MeshAsync()
    {
        foreach (ScriptedPeer peer in new[] { Victim, Friend })
            await peer.UntilAsync("mesh", new { topic = Topic }, e => e.GetProperty("topics").GetProperty(Topic).Texts("mesh").Length == 1);
    }

    [Test]
    public async Task Message_ThatIsRight_IsDelivered()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Meshsub);

        await stream.SendAsync(Proto.Delimited([.. RawMessage.Subscribe(Topic), .. RawMessage.Rpc(new RawMessage(_key, Topic, [0x60, 0x0d]))]));

        await Victim.WaitAsync("gossip", e => e.Text("data") == "600d");
        await Friend.WaitAsync("gossip", e => e.Text("data") == "600d");
    }

    [TestCaseSource(nameof(BadMessages))]
    public async Task Message_ThatIsWrong_IsDeliveredToNobody(Func<RawMessage, RawMessage> spoil)
    {
        // A peer of its own per case: what one did wrong shall not be held against the next.
        var key = Ed25519KeyPair.Generate();
        await using RawYamux session = await RawYamux.ConnectAsync(Target, key);
        RawStream stream = await session.OpenAsync(Meshsub);
        byte[] bad = RawMessage.Rpc(spoil(new RawMessage(key, Topic, [0xba, 0xd0])));
        byte[] good = RawMessage.Rpc(new RawMessage(key, Topic, key.PublicKey[..4].ToArray()));

        await stream.SendAsync([.. Proto.Delimited(RawMessage.Subscribe(Topic)), .. Proto.Delimited(bad), .. Proto.Delimited(good)]);

        // The good one behind it tells that the bad one has been dealt with.
        await Victim.WaitAsync("gossip", e => e.Text("data") == Convert.ToHexStringLower(key.PublicKey[..4]));
        Assert.That(Victim.Events("gossip").Concat(Friend.Events("gossip")).Select(e => e.Text("data")), Does.Not.Contain("bad0"));
        await AssertMeshWorksAsync();
    }

    [Test]
    public async Task Message_InTheFriendsName_IsDeliveredToNobody()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        RawStream stream = await session.OpenAsync(Meshsub);
        byte[] friend = Convert.FromHexString(Friend.Listening.Text("peerIdHex"));

        await stream.SendAsync(Proto.Delimited(RawMessage.Rpc(new RawMessage(_key, Topic, [0xba, 0xd1]) { From = friend })));
        await stream.SendAsync(Proto.Delimited(RawMessage.Rpc(new RawMessage(_key, Topic, [0xba, 0xd1]) { From = friend, Key = null })));
        await session.PingAsync();
        await AssertMeshWorksAsync();

        Assert.That(Victim.Events("gossip").Select(e => e.Text("data")), Does.Not.Contain("bad1"));
    }

    [TestCaseSource(nameof(BadFrames))]
    public async Task Frame_ThatIsWrong_EndsTheStreamOrTheConnection(byte[] bytes)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target);
        RawStream stream = await session.OpenAsync(Meshsub);

        await stream.SendAsync(bytes);

        await stream.UntilEndedAsync();
        await AssertMeshWorksAsync();
    }

    [TestCase("invalid messages", 10_000)]
    [TestCase("GRAFT", 10_000)]
    [TestCase("IHAVE", 1000)]
    [TestCase("IWANT", 1000)]
    [TestCase("subscriptions", 20_000)]
    public async Task Flood_OfOneKind_IsCutOff(string kind, int count)
    {
        bool cut = await Flood.OfRpcsAsync(Target, kind, Topic, count);

        Assert.That(cut);
        await AssertMeshWorksAsync();
    }

    [Test]
    public async Task PeerThatSubscribesAndNeverReads_DelaysNobody()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target);
        session.Reads = false;
        RawStream stream = await session.OpenAsync(Meshsub);
        await stream.SendAsync(Proto.Delimited([.. RawMessage.Subscribe(Topic), .. RawMessage.Graft(Topic)]));

        int start = Victim.Now;
        await Friend.CallAsync("publishMany", new { topic = Topic, count = 200, size = 8000 });
        await Victim.UntilAsync("info", null, _ => Victim.Events("gossip", start).Count >= 200);
    }

    private async Task AssertMeshWorksAsync()
    {
        foreach ((ScriptedPeer from, ScriptedPeer to) in new[] { (Friend, Victim), (Victim, Friend) })
        {
            string data = $"{Interlocked.Increment(ref _published):x8}";
            await from.CallAsync("publish", new { topic = Topic, data });
            await to.WaitAsync("gossip", e => e.Text("data") == data);
        }
    }
}

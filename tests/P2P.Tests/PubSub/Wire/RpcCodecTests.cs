using System.Text;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.PubSub.Support;

namespace P2PMiner.P2P.Tests.PubSub.Wire;

public sealed class RpcCodecTests
{
    private static readonly byte[] Peer = GossipVectors.Hex("signed", "from");

    [Test]
    public void Decoder_ReadsEveryControlKind_Gossipsub17()
    {
        byte[] rpc = GossipVectors.Hex("control", "rpc");
        RpcFrame frame = new();

        Assert.That(RpcDecoder.Decode(rpc, frame), Is.EqualTo(RpcStatus.Done));

        Assert.Multiple(() =>
        {
            Assert.That(frame.Subscriptions.Select(entry => (Text(rpc, entry.Topic), entry.Subscribe)), Is.EqualTo(new[] { ("a", true), ("b", false) }));
            Assert.That(Ids(rpc, frame, frame.IHaves.Single()), Is.EqualTo(new[] { "id1", "id2" }));
            Assert.That(Text(rpc, frame.IHaves.Single().Topic), Is.EqualTo("a"));
            Assert.That(Ids(rpc, frame, frame.IWants.Single()), Is.EqualTo(new[] { "id3" }));
            Assert.That(Ids(rpc, frame, frame.IDontWants.Single()), Is.EqualTo(new[] { "id4", "id5" }));
            Assert.That(frame.Grafts.Select(topic => Text(rpc, topic)), Is.EqualTo(new[] { "a" }));
            Assert.That(frame.Prunes.Select(prune => (Text(rpc, prune.Topic), prune.BackoffSeconds, prune.Count)),
                Is.EqualTo(new (string, ulong?, int)[] { ("b", 60, 2), ("c", null, 0) }));
            Assert.That(frame.PeerInfos[0].PeerId.Of(rpc).ToArray(), Is.EqualTo(Peer));
            Assert.That(Text(rpc, frame.PeerInfos[0].SignedRecord), Is.EqualTo("record"));
            Assert.That(frame.PeerInfos[1].SignedRecord.IsPresent, Is.False);
        });
    }

    [Test]
    public void Encoder_WritesTheSameBytes_Gossipsub17()
    {
        ControlBatch batch = new();
        batch.Subscriptions.Add((Bytes("a"), true));
        batch.Subscriptions.Add((Bytes("b"), false));
        batch.IHaves.Add((Bytes("a"), [Bytes("id1"), Bytes("id2")]));
        batch.IWant.Add(Bytes("id3"));
        batch.Grafts.Add(Bytes("a"));
        batch.Prunes.Add(new(Bytes("b"), 60, [(Peer, Bytes("record")), (Bytes("xyz"), null)]));
        batch.Prunes.Add(new(Bytes("c"), null, []));
        batch.IDontWant.AddRange([Bytes("id4"), Bytes("id5")]);

        Assert.That(WithoutLength(RpcEncoder.Encode(batch)), Is.EqualTo(GossipVectors.Hex("control", "rpc")));
    }

    [Test]
    public void Encoder_GrowsBeyondItsFirstBuffer()
    {
        ControlBatch batch = new();
        byte[][] ids = [.. Enumerable.Range(0, RpcLimits.MaxIdsPerList).Select(number => Encoding.ASCII.GetBytes($"{number:d46}"))];
        batch.IHaves.Add((Bytes("topic"), ids));
        byte[] rpc = WithoutLength(RpcEncoder.Encode(batch));
        RpcFrame frame = new();

        Assert.That(RpcDecoder.Decode(rpc, frame), Is.EqualTo(RpcStatus.Done));
        Assert.That(frame.Ids.Select(id => id.Of(rpc).ToArray()), Is.EqualTo(ids));
    }

    [Test]
    public void Decoder_SkipsUnknownFieldsAndTakesTheLastOfASingleOne()
    {
        // Field 10 (bytes), 6492434 (varint), a subscription with its topic twice and an unknown field of each wire type.
        byte[] subscription =
            [0x12, 0x01, 0x61, 0x08, 0x01, 0x12, 0x01, 0x62, 0x18, 0x05, 0x25, 1, 2, 3, 4, 0x29, 1, 2, 3, 4, 5, 6, 7, 8];
        byte[] rpc = [0x52, 0x01, 0xff, .. Tag(6492434, 0), 0x01, 0x0a, (byte)subscription.Length, .. subscription];
        RpcFrame frame = new();

        Assert.That(RpcDecoder.Decode(rpc, frame), Is.EqualTo(RpcStatus.Done));
        Assert.That(frame.Subscriptions.Select(entry => (Text(rpc, entry.Topic), entry.Subscribe)), Is.EqualTo(new[] { ("b", true) }));
    }

    [TestCase("0a05", TestName = "Decoder_RefusesALengthBeyondTheEnd")]
    [TestCase("0a0312056162", TestName = "Decoder_RefusesANestedLengthBeyondItsMessage")]
    [TestCase("0801", TestName = "Decoder_RefusesASubscriptionThatIsANumber")]
    [TestCase("0a020b00", TestName = "Decoder_RefusesGroups")]
    [TestCase("00", TestName = "Decoder_RefusesFieldNumberZero")]
    [TestCase("0affffffffffffffffffffff01", TestName = "Decoder_RefusesAVarintOfElevenBytes")]
    [TestCase("0affffffffffffffffff01", TestName = "Decoder_RefusesALengthOf64Bits")]
    public void Decoder_Refuses(string hex) =>
        Assert.That(RpcDecoder.Decode(Convert.FromHexString(hex), new RpcFrame()), Is.EqualTo(RpcStatus.Malformed));

    [Test]
    public void Decoder_RefusesEveryPrefixThatEndsWithinAField()
    {
        byte[] rpc = GossipVectors.Hex("signed", "rpc");
        RpcFrame frame = new();

        for (int length = 1; length < rpc.Length; length++)
            Assert.That(RpcDecoder.Decode(rpc.AsSpan(0, length), frame), Is.EqualTo(RpcStatus.Malformed), $"{length} bytes");
    }

    [TestCase(RpcFields.ControlMessage.Graft)]
    [TestCase(RpcFields.ControlMessage.Prune)]
    [TestCase(RpcFields.ControlMessage.IHave)]
    [TestCase(RpcFields.ControlMessage.IWant)]
    [TestCase(RpcFields.ControlMessage.IDontWant)]
    public void Decoder_RefusesMoreControlEntriesThanTheLimit(int field)
    {
        Assert.Multiple(() =>
        {
            Assert.That(DecodeControl(field, [], RpcLimits.MaxEntries), Is.EqualTo(RpcStatus.Done));
            Assert.That(DecodeControl(field, [], RpcLimits.MaxEntries + 1), Is.EqualTo(RpcStatus.TooMany));
        });
    }

    [TestCase(RpcFields.ControlMessage.IHave, RpcFields.IHaveIds)]
    [TestCase(RpcFields.ControlMessage.IWant, RpcFields.WantIds)]
    [TestCase(RpcFields.ControlMessage.IDontWant, RpcFields.WantIds)]
    public void Decoder_PassesOverIdsBeyondTheLimit(int field, int idField)
    {
        byte[] full = [.. Enumerable.Repeat<byte[]>([(byte)((idField << 3) | 2), 0], RpcLimits.MaxIdsPerList).SelectMany(id => id)];
        RpcFrame frame = new();

        Assert.That(DecodeControl(field, [.. full, (byte)((idField << 3) | 2), 0], 1, frame), Is.EqualTo(RpcStatus.Done));
        Assert.That(frame.Ids, Has.Count.EqualTo(RpcLimits.MaxIdsPerList));
        int lists = (RpcLimits.MaxIds / RpcLimits.MaxIdsPerList) + 1;
        Assert.That(DecodeControl(field, full, lists, frame), Is.EqualTo(RpcStatus.Done));
        Assert.That(frame.Ids, Has.Count.EqualTo(RpcLimits.MaxIds));
        Assert.That(frame.IHaves.Concat(frame.IWants).Concat(frame.IDontWants).Select(list => list.Count).Distinct(),
            Is.EqualTo(new[] { RpcLimits.MaxIdsPerList, 0 }));
    }

    // A peer that leaves 17 topics at once, each with the 16 peers that go-libp2p and js-libp2p name.
    [Test]
    public void Decoder_TakesEveryPruneAndPassesOverPeersBeyondTheLimit()
    {
        ControlBatch batch = new();
        for (int topic = 0; topic < 17; topic++)
            batch.Prunes.Add(new(Bytes($"{topic}"), 60, [.. Enumerable.Repeat((Peer, (byte[]?)Bytes("record")), 16)]));
        byte[] rpc = WithoutLength(RpcEncoder.Encode(batch));
        RpcFrame frame = new();

        Assert.That(RpcDecoder.Decode(rpc, frame), Is.EqualTo(RpcStatus.Done));
        Assert.That(frame.Prunes.Select(prune => (Text(rpc, prune.Topic), prune.BackoffSeconds, prune.Count)),
            Is.EqualTo(Enumerable.Range(0, 17).Select(topic => ($"{topic}", 60UL, topic < 16 ? 16 : 0))));
        Assert.That(frame.PeerInfos, Has.Count.EqualTo(RpcLimits.MaxPeerInfos));
    }

    [Test]
    public void Decoder_RefusesMoreSubscriptionsOrMessagesThanTheLimit()
    {
        RpcFrame frame = new();
        byte[] subscriptions = [.. Enumerable.Repeat<byte[]>([0x0a, 0], RpcLimits.MaxEntries + 1).SelectMany(entry => entry)];
        byte[] messages = [.. Enumerable.Repeat<byte[]>([0x12, 0], RpcLimits.MaxEntries + 1).SelectMany(entry => entry)];

        Assert.That(RpcDecoder.Decode(subscriptions, frame), Is.EqualTo(RpcStatus.TooMany));
        Assert.That(RpcDecoder.Decode(messages, frame), Is.EqualTo(RpcStatus.TooMany));
        Assert.That(RpcDecoder.Decode(messages.AsSpan(2), frame), Is.EqualTo(RpcStatus.Done));
    }

    private static RpcStatus DecodeControl(int field, byte[] entry, int count, RpcFrame? frame = null)
    {
        byte[] one = [(byte)((field << 3) | 2), .. Length(entry.Length), .. entry];
        byte[] control = [.. Enumerable.Repeat(one, count).SelectMany(bytes => bytes)];
        return RpcDecoder.Decode([0x1a, .. Length(control.Length), .. control], frame ?? new RpcFrame());
    }

    private static byte[] Tag(int field, int type) => Length((field << 3) | type);

    private static byte[] Length(int value)
    {
        byte[] buffer = new byte[10];
        return buffer[..ProtoVarint.Write(buffer, (ulong)value)];
    }

    private static byte[] WithoutLength(byte[] frame)
    {
        ProtoReader reader = new(frame);
        Assert.That(reader.TryReadVarint(out ulong length), Is.True);
        Assert.That((ulong)(frame.Length - ProtoVarint.Length(length)), Is.EqualTo(length));
        return frame[ProtoVarint.Length(length)..];
    }

    private static string[] Ids(byte[] rpc, RpcFrame frame, RpcFrame.IdListEntry list) =>
        [.. frame.Ids.Slice(list.First, list.Count).Select(id => Text(rpc, id))];

    private static string Text(byte[] rpc, Slice slice) => Encoding.UTF8.GetString(slice.Of(rpc));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}

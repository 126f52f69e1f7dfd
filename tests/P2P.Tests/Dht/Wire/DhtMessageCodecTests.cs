using System.Globalization;
using Google.Protobuf;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Tests.Dht.Wire;

public sealed class DhtMessageCodecTests
{
    private static readonly KadVectors Published = KadVectors.Load();

    private static readonly PeerId Peer = PeerId.FromEd25519(new byte[32]);

    private static IEnumerable<KadVector> Vectors => Published.Vectors;

    [TestCaseSource(nameof(Vectors))]
    public void Decoder_ReadsWhatJsWrites(KadVector vector)
    {
        DhtMessage message = Decode(Convert.FromHexString(vector.Hex));

        Assert.That(message.Type, Is.EqualTo(Enum.Parse<DhtMessageType>(vector.Type.Replace("_", ""), ignoreCase: true)));
        Assert.That(Convert.ToHexStringLower(message.Key.Span), Is.EqualTo(vector.Key));
        Assert.That(message.Record is null, Is.EqualTo(vector.Record is null));
        if (message.Record is not null)
        {
            Assert.That(Convert.ToHexStringLower(message.Record.Key.Span), Is.EqualTo(vector.Record!.Key));
            Assert.That(Convert.ToHexStringLower(message.Record.Value.Span), Is.EqualTo(vector.Record.Value));
            Assert.That(message.Record.TimeReceived, Is.EqualTo(vector.Record.TimeReceived));
        }
        AssertPeers(message.CloserPeers, vector.Closer);
        AssertPeers(message.ProviderPeers, vector.Providers);
    }

    [TestCaseSource(nameof(Vectors))]
    public void Encoder_WritesWhatJsAndProtocWrite(KadVector vector)
    {
        // Connection types and cluster levels are read by nobody and not written by us.
        if (vector.Name.Contains("connection types", StringComparison.Ordinal))
            Assert.That(Encode(Decode(Convert.FromHexString(vector.Hex))), Has.Length.LessThan(vector.Hex.Length / 2));
        else
            Assert.That(Convert.ToHexStringLower(Encode(Decode(Convert.FromHexString(vector.Hex)))), Is.EqualTo(vector.Hex));
    }

    [Test]
    public void Decoder_SkipsUnknownFieldsOfEveryKind()
    {
        byte[] bytes = Write(output =>
        {
            output.WriteTag(15, WireFormat.WireType.Fixed64);
            output.WriteFixed64(1);
            output.WriteTag(16, WireFormat.WireType.Fixed32);
            output.WriteFixed32(1);
            output.WriteTag(1000, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(1, 2, 3));
            output.WriteTag(1, WireFormat.WireType.Varint);
            output.WriteInt32(4);
            output.WriteTag(10, WireFormat.WireType.Varint);
            output.WriteInt32(-1);
        });

        Assert.That(Decode(bytes).Type, Is.EqualTo(DhtMessageType.FindNode));
    }

    [Test]
    public void Decoder_LeavesOutAddressesThatItCannotRead()
    {
        byte[] peer = Write(output =>
        {
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(Peer.Bytes));
            foreach (byte[] address in new byte[][] { [], [0xff, 0xff], [4, 127, 0, 0], Multiaddr.Parse("/ip4/127.0.0.1/tcp/1").Bytes.ToArray() })
            {
                output.WriteTag(2, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(address));
            }
        });

        DhtMessage message = Decode(Write(output => WriteNested(output, 8, peer)));

        Assert.That(message.CloserPeers.Single().Addresses.Select(address => address.ToString()), Is.EqualTo(new[] { "/ip4/127.0.0.1/tcp/1" }));
    }

    [TestCase("", TestName = "Decoder_RefusesPeer_WithoutId")]
    [TestCase("0a00", TestName = "Decoder_RefusesPeer_WithEmptyId")]
    [TestCase("0a03010203", TestName = "Decoder_RefusesPeer_WithIdThatIsNoMultihash")]
    [TestCase("0a", TestName = "Decoder_RefusesPeer_CutOff")]
    public void Decoder_RefusesPeer(string hex)
    {
        byte[] bytes = Write(output => WriteNested(output, 9, Convert.FromHexString(hex)));

        Assert.That(DhtMessageDecoder.TryDecode(bytes, out _), Is.False);
    }

    [TestCase("0806", TestName = "Decoder_Refuses_UnknownType")]
    [TestCase("08ffffffffffffffffff01", TestName = "Decoder_Refuses_NegativeType")]
    [TestCase("0a0104", TestName = "Decoder_Refuses_TypeAsBytes")]
    [TestCase("1001", TestName = "Decoder_Refuses_KeyAsNumber")]
    [TestCase("0b0c", TestName = "Decoder_Refuses_Groups")]
    [TestCase("00", TestName = "Decoder_Refuses_FieldZero")]
    [TestCase("12ffffffffffffffffff7f", TestName = "Decoder_Refuses_LengthBeyondTheMessage")]
    [TestCase("ffffffffffffffffffffff", TestName = "Decoder_Refuses_EndlessVarint")]
    public void Decoder_Refuses(string hex) => Assert.That(DhtMessageDecoder.TryDecode(Convert.FromHexString(hex), out _), Is.False);

    [Test]
    public void Decoder_RefusesKeysOverTheirBound()
    {
        Assert.That(Decode(WithKey(WireLimits.MaxKeySize)).Key.Length, Is.EqualTo(WireLimits.MaxKeySize));
        Assert.That(DhtMessageDecoder.TryDecode(WithKey(WireLimits.MaxKeySize + 1), out _), Is.False);
    }

    [Test]
    public void Decoder_LeavesOutARecordOverItsBound_AndKeepsThePeers()
    {
        Assert.That(Decode(WithRecord(1, WireLimits.MaxValueSize)).Record!.Value.Length, Is.EqualTo(WireLimits.MaxValueSize));
        foreach (byte[] large in new[] { WithRecord(1, WireLimits.MaxValueSize + 1), WithRecord(WireLimits.MaxKeySize + 1, 1) })
        {
            DhtMessage message = Decode(large);
            Assert.That(message.Record, Is.Null);
            Assert.That(message.CloserPeers.Single().Peer, Is.EqualTo(Peer));
        }
    }

    [Test]
    public void Decoder_LeavesOutATimeThatIsNone()
    {
        Assert.That(TimeOf("2026-03-04T04:06:07Z"u8), Is.EqualTo("2026-03-04T04:06:07Z"));
        // One that is no text would become longer than what came in when it is said again.
        Assert.That(TimeOf([0x32, 0xff, 0xc3]), Is.Empty);
        Assert.That(TimeOf("2026-03-04T04:06:07\u00b7"u8), Is.Empty);
        Assert.That(TimeOf(new byte[WireLimits.MaxTimeSize + 1]), Is.Empty);
    }

    [Test]
    public void Decoder_KeepsNoMorePeersAndAddressesThanTheBounds()
    {
        Multiaddr[] addresses = [.. Enumerable.Range(1, 100).Select(port => Multiaddr.Parse($"/ip4/127.0.0.1/tcp/{port}"))];
        DhtPeer[] peers = [.. Enumerable.Range(0, 500).Select(i => new DhtPeer(NumberedPeer(i), addresses[..(i % 100)]))];
        byte[] bytes = Encode(new DhtMessage(DhtMessageType.GetProviders) { CloserPeers = peers, ProviderPeers = peers });

        DhtMessage message = Decode(bytes);

        Assert.That(message.CloserPeers, Has.Count.EqualTo(WireLimits.MaxCloserPeers));
        Assert.That(message.ProviderPeers, Has.Count.EqualTo(WireLimits.MaxProviders));
        Assert.That(message.ProviderPeers.Max(peer => peer.Addresses.Count), Is.EqualTo(WireLimits.MaxAddresses));
    }

    [Test]
    public void Decoder_RefusesEveryBeginningOfAMessageThatIsCutInAField()
    {
        byte[] whole = Convert.FromHexString(Published.Vectors.Single(vector => vector.Name == "GET_PROVIDERS answer").Hex);
        int refused = Enumerable.Range(1, whole.Length - 1).Count(length => !DhtMessageDecoder.TryDecode(whole.AsSpan(0, length), out _));

        // Only between its fields (type, key, three peers) is a shorter message a message.
        Assert.That(refused, Is.EqualTo(whole.Length - 1 - 4));
    }

    [Test]
    public void Times_AreWrittenWithNanoseconds()
    {
        var time = DateTimeOffset.Parse("2026-03-04T05:06:07.0089+01:00", CultureInfo.InvariantCulture);

        Assert.That(Rfc3339.Format(time), Is.EqualTo("2026-03-04T04:06:07.008900000Z"));
    }

    private static void AssertPeers(IReadOnlyList<DhtPeer> peers, KadVectorPeer[] expected)
    {
        Assert.That(peers.Select(peer => Convert.ToHexStringLower(peer.Peer.Bytes)), Is.EqualTo(expected.Select(peer => peer.Id)));
        Assert.That(
            peers.SelectMany(peer => peer.Addresses).Select(address => address.ToString()),
            Is.EqualTo(expected.SelectMany(peer => peer.Addresses)));
    }

    private static PeerId NumberedPeer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return PeerId.FromEd25519(key);
    }

    private static byte[] WithKey(int size) => Encode(new DhtMessage(DhtMessageType.FindNode, new byte[size]));

    private static byte[] WithRecord(int keySize, int valueSize) => Encode(new DhtMessage(DhtMessageType.GetValue)
    {
        Record = new DhtRecord(new byte[keySize], new byte[valueSize]),
        CloserPeers = [new DhtPeer(Peer, [])],
    });

    /// <summary>The time that remains of one in a record.</summary>
    private static string TimeOf(ReadOnlySpan<byte> time)
    {
        byte[] content = time.ToArray();
        byte[] record = Write(output => WriteNested(output, WireFields.RecordTime, content));
        DhtMessage message = Decode(Write(output => WriteNested(output, WireFields.Record, record)));
        Assert.That(Decode(Encode(message)).Record, Is.Not.Null);
        return message.Record!.TimeReceived;
    }

    private static DhtMessage Decode(byte[] bytes)
    {
        Assert.That(DhtMessageDecoder.TryDecode(bytes, out DhtMessage? message), Is.True);
        return message!;
    }

    private static byte[] Encode(DhtMessage message)
    {
        byte[] bytes = new byte[DhtMessageEncoder.Size(message)];
        Assert.That(DhtMessageEncoder.Write(message, bytes), Is.EqualTo(bytes.Length));
        return bytes;
    }

    private static byte[] Write(Action<CodedOutputStream> write)
    {
        using MemoryStream stream = new();
        using (CodedOutputStream output = new(stream, leaveOpen: true))
            write(output);
        return stream.ToArray();
    }

    private static void WriteNested(CodedOutputStream output, int field, byte[] content)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(content));
    }
}

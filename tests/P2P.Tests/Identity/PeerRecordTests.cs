using System.Text.Json;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Identity;

public sealed class PeerRecordTests
{
    private static readonly Ed25519KeyPair Key = Ed25519KeyPair.FromSeed(new byte[32]);

    [TestCaseSource(typeof(VectorFile), nameof(VectorFile.Cases), new object[] { "peer-records.json", "vectors" })]
    public void PeerRecord_VerifiesAnEnvelopeOfAnotherImplementation(JsonElement vector)
    {
        Assert.That(PeerRecord.TryVerify(vector.Hex("envelope"), out PeerRecord? record), Is.True);

        Assert.That(record!.Peer.ToString(), Is.EqualTo(vector.Text("peer")));
        Assert.That(record.Sequence.ToString(), Is.EqualTo(vector.Text("sequence")));
        Assert.That(
            record.Addresses.Select(static address => address.ToString()),
            Is.EqualTo(vector.GetProperty("addresses").EnumerateArray().Select(static address => address.GetString())));
    }

    [Test]
    public void PeerRecord_IsSealedByteForByteAsByAnotherImplementation()
    {
        JsonElement vector = VectorFile.Read("peer-records.json").Single(static vector => vector.Text("name") == "ed25519");
        byte[] privateKey = VectorFile.Read("peer-ids.json").Single(static key => key.Text("name") == "ed25519").Hex("privateKey");
        Ed25519KeyPair key = Ed25519KeyPair.FromSeed(privateKey.AsSpan(4, 32));
        Multiaddr[] addresses = [.. vector.GetProperty("addresses").EnumerateArray().Select(static text => Multiaddr.Parse(text.GetString()!))];

        byte[] envelope = new PeerRecord(key.ToPublicKey().ToPeerId(), ulong.Parse(vector.Text("sequence")), addresses).Sign(key);

        Assert.That(Convert.ToHexStringLower(envelope), Is.EqualTo(vector.Text("envelope")));
    }

    [Test]
    public void PeerRecord_IsRefusedWhereverAByteOfItIsChanged()
    {
        byte[] envelope = Record(1).Sign(Key);
        Assert.That(PeerRecord.TryVerify(envelope, out _), Is.True);

        for (int i = 0; i < envelope.Length; i++)
        {
            byte[] changed = [.. envelope];
            changed[i] ^= 1;
            Assert.That(PeerRecord.TryVerify(changed, out _), Is.False, $"byte {i}");
            Assert.That(PeerRecord.TryVerify(envelope.AsSpan(0, i), out _), Is.False, $"{i} bytes");
        }
    }

    [Test]
    public void PeerRecord_OfAnotherPeerThanTheSignerIsRefused()
    {
        Ed25519KeyPair other = Ed25519KeyPair.Generate();
        PeerRecord record = Record(1) with { Peer = other.ToPublicKey().ToPeerId() };

        Assert.That(() => record.Sign(Key), Throws.ArgumentException);
        byte[] payload = [0x0a, 38, .. record.Peer.Bytes, 0x10, 1];
        Assert.That(PeerRecord.TryVerify(SignedEnvelope.Seal(Key, "libp2p-peer-record", [3, 1], payload), out _), Is.False);
        Assert.That(PeerRecord.TryVerify(SignedEnvelope.Seal(other, "libp2p-peer-record", [3, 1], payload), out _), Is.True);
    }

    [TestCase("libp2p-routing-state", new byte[] { 3, 1 })]
    [TestCase("libp2p-peer-record", new byte[] { 3, 2 })]
    [TestCase("libp2p-peer-record", new byte[0])]
    public void PeerRecord_OfAnotherDomainOrTypeIsRefused(string domain, byte[] type)
    {
        byte[] payload = [0x0a, 38, .. Key.ToPublicKey().ToPeerId().Bytes, 0x10, 1];

        Assert.That(PeerRecord.TryVerify(SignedEnvelope.Seal(Key, domain, type, payload), out _), Is.False);
    }

    [Test]
    public void PeerRecord_LeavesOutAddressesThatAreNotUnderstood()
    {
        byte[] unknown = [0x0a, 0x03, 0xff, 0xff, 0x03];
        byte[] known = [0x0a, 0x08, 0x04, 127, 0, 0, 1, 0x06, 0x27, 0x0f];
        byte[] payload =
        [
            0x0a, 38, .. Key.ToPublicKey().ToPeerId().Bytes, 0x10, 1,
            0x1a, (byte)unknown.Length, .. unknown, 0x1a, (byte)known.Length, .. known, 0x1a, 0,
        ];

        Assert.That(PeerRecord.TryVerify(SignedEnvelope.Seal(Key, "libp2p-peer-record", [3, 1], payload), out PeerRecord? record), Is.True);
        Assert.That(record!.Addresses.Single().ToString(), Is.EqualTo("/ip4/127.0.0.1/tcp/9999"));
    }

    [Test]
    public void PeerRecord_TakesItsPeerOffAddressesAndRefusesThoseOfOthers()
    {
        Multiaddr plain = Multiaddr.Parse("/ip4/1.2.3.4/tcp/1");
        PeerId self = Key.ToPublicKey().ToPeerId();
        PeerId other = Ed25519KeyPair.Generate().ToPublicKey().ToPeerId();
        byte[] envelope = new PeerRecord(self, 1, [plain.WithPeer(self), plain.WithPeer(other)]).Sign(Key);

        Assert.That(PeerRecord.TryVerify(envelope, out PeerRecord? record), Is.True);
        Assert.That(record!.Addresses, Is.EqualTo([plain]));
    }

    [Test]
    public void PeerRecord_KeepsNoMoreAddressesThanItsLimit_AndRefusesWhatIsTooLong()
    {
        byte[] envelope = Record(1000).Sign(Key);

        Assert.That(PeerRecord.TryVerify(envelope, out PeerRecord? record), Is.True);
        Assert.That(record!.Addresses, Has.Count.EqualTo(PeerRecord.MaxAddresses));
        byte[] payload = [0x0a, 38, .. record.Peer.Bytes, 0x10, 1, .. Enumerable.Repeat<byte[]>([0x1a, 0], PeerRecord.MaxPayloadSize).SelectMany(static b => b)];
        Assert.That(PeerRecord.TryVerify(SignedEnvelope.Seal(Key, "libp2p-peer-record", [3, 1], payload), out _), Is.False);
        Assert.That(PeerRecord.TryVerify(new byte[PeerRecord.MaxEnvelopeSize + 1], out _), Is.False);
    }

    [Test]
    public void Decoder_SurvivesForeignBytes()
    {
        byte[][] samples = [.. VectorFile.Read("peer-records.json").Select(static vector => vector.Hex("envelope"))];
        Fuzz.Run(samples, static input => PeerRecord.TryVerify(input, out _));
    }

    [Test]
    public void Decoder_SurvivesForeignPayloadsThatAreSigned()
    {
        byte[] payload = [0x0a, 38, .. Key.ToPublicKey().ToPeerId().Bytes, 0x10, 1, 0x1a, 10, 0x0a, 8, 0x04, 127, 0, 0, 1, 0x06, 0x27, 0x0f];
        int verified = 0;
        Fuzz.Run(
            [payload],
            input => verified += PeerRecord.TryVerify(SignedEnvelope.Seal(Key, "libp2p-peer-record", [3, 1], input), out _) ? 1 : 0,
            usual: 50_000);
        Assert.That(verified, Is.GreaterThan(10));
    }

    private static PeerRecord Record(int addresses) => new(
        Key.ToPublicKey().ToPeerId(), 7, [.. Enumerable.Range(1, addresses).Select(static port => Multiaddr.Parse($"/ip4/127.0.0.1/tcp/{port}"))]);
}

using System.Text;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;
using P2PMiner.P2P.PubSub.Messages;
using P2PMiner.P2P.PubSub.Wire;
using P2PMiner.P2P.Tests.PubSub.Support;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PubSub.Messages;

public sealed class SigningTests
{
    private const int MaxData = 64 * 1024;

    private static readonly byte[] Rpc = GossipVectors.Hex("signed", "rpc");

    private static readonly Ed25519KeyPair Key = Ed25519KeyPair.FromSeed(GossipVectors.Hex("signed", "seed"));

    [Test]
    public void Verifier_AcceptsAMessageOfJs_Gossipsub17()
    {
        GossipMessage message = Decode(Rpc);

        Assert.That(MessageVerifier.VerifySignature(message, out PeerId? author), Is.True);
        Assert.That(author!.Bytes.ToArray(), Is.EqualTo(GossipVectors.Hex("signed", "from")));
        Assert.That(message.Data.ToArray(), Is.EqualTo(GossipVectors.Hex("signed", "data")));
    }

    [TestCase("signed")]
    [TestCase("empty")]
    public void Signer_MakesTheVeryBytesOfJs_Gossipsub17(string vector)
    {
        byte[] rpc = GossipVectors.Hex(vector, "rpc");
        MessageEntry fields = GossipVectors.Message(rpc);
        ulong number = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(fields.SequenceNumber.Of(rpc));
        MessageSigner signer = new(Key, Key.ToPublicKey().ToPeerId(), MessageId.Specification, number);

        GossipMessage message = signer.Sign(Encoding.UTF8.GetBytes(GossipVectors.Text(vector, "topic")), GossipVectors.Hex(vector, "data"));

        Assert.That(Convert.ToHexStringLower(message.Frame), Does.EndWith(Convert.ToHexStringLower(rpc)));
        Assert.That(message.Frame, Has.Length.EqualTo(rpc.Length + 2));
    }

    [Test]
    public void Encoder_KeepsAForeignMessageByteForByte()
    {
        Assert.That(Convert.ToHexStringLower(Decode(Rpc).Frame), Does.EndWith(Convert.ToHexStringLower(Rpc)));
    }

    [Test]
    public void Encoder_LeavesUnknownFieldsOutSoThatNobodyCanAttachBallast()
    {
        MessageEntry fields = GossipVectors.Message(Rpc);
        byte[] message = Rpc[3..];
        byte[] loaded = [0x7a, 0x03, 1, 2, 3, .. message];
        byte[] rpc = [0x12, (byte)(loaded.Length | 0x80), (byte)(loaded.Length >> 7), .. loaded];

        GossipMessage decoded = Decode(rpc);

        Assert.That(decoded.Frame, Is.EqualTo(Decode(Rpc).Frame));
        Assert.That(decoded.Equals(Rpc, fields), Is.True);
    }

    [Test]
    public void Verifier_RefusesAMessageInWhichAnyByteWasChanged()
    {
        for (int position = 3; position < Rpc.Length; position++)
        {
            byte[] changed = [.. Rpc];
            changed[position] ^= 0x04;
            RpcFrame frame = new();
            if (RpcDecoder.Decode(changed, frame) != RpcStatus.Done)
                continue;
            MessageEntry fields = frame.Messages.Single();
            bool accepted = MessageVerifier.CheckShape(changed, fields, SignaturePolicy.Sign, MaxData) == MessageFault.None
                && MessageVerifier.VerifySignature(new GossipMessage(changed, fields, [1]), out _);
            Assert.That(accepted, Is.False, $"byte {position}");
        }
    }

    [Test]
    public void Verifier_AcceptsAMessageWithoutKeyBecauseThePeerIdHoldsIt()
    {
        MessageEntry fields = GossipVectors.Message(Rpc);
        fields.Key = default;

        Assert.That(MessageVerifier.CheckShape(Rpc, fields, SignaturePolicy.Sign, MaxData), Is.EqualTo(MessageFault.None));
        Assert.That(MessageVerifier.VerifySignature(new GossipMessage(Rpc, fields, [1]), out _), Is.True);
    }

    [Test]
    public void Verifier_NamesWhatIsMissingFromASignedMessage()
    {
        MessageEntry whole = GossipVectors.Message(Rpc);
        Slice short7 = new(whole.SequenceNumber.Start, 7);

        Assert.Multiple(() =>
        {
            Assert.That(Fault(whole with { From = default }), Is.EqualTo(MessageFault.BadAuthor));
            Assert.That(Fault(whole with { From = new Slice(0, 65) }), Is.EqualTo(MessageFault.BadAuthor));
            Assert.That(Fault(whole with { SequenceNumber = default }), Is.EqualTo(MessageFault.BadSequenceNumber));
            Assert.That(Fault(whole with { SequenceNumber = short7 }), Is.EqualTo(MessageFault.BadSequenceNumber));
            Assert.That(Fault(whole with { Signature = default }), Is.EqualTo(MessageFault.NoSignature));
            Assert.That(Fault(whole with { Key = new Slice(whole.Key.Start, 0) }), Is.EqualTo(MessageFault.BadKey));
            Assert.That(Fault(whole with { Key = new Slice(whole.Key.Start, 35) }), Is.EqualTo(MessageFault.BadKey));
            Assert.That(Fault(whole with { Key = whole.Signature }), Is.EqualTo(MessageFault.BadKey));
            Assert.That(Fault(whole with { From = whole.Signature, Key = default }), Is.EqualTo(MessageFault.BadAuthor));
            Assert.That(Fault(whole, SignaturePolicy.Sign, whole.Data.Length - 1), Is.EqualTo(MessageFault.TooLong));
            Assert.That(Fault(whole), Is.EqualTo(MessageFault.None));
        });
    }

    [Test]
    public void Verifier_WithoutSigningRefusesEveryFieldOfASignedMessage()
    {
        MessageEntry whole = GossipVectors.Message(Rpc);
        MessageEntry bare = new() { Data = whole.Data, Topic = whole.Topic };

        Assert.Multiple(() =>
        {
            Assert.That(Fault(bare, SignaturePolicy.NoSign), Is.EqualTo(MessageFault.None));
            Assert.That(Fault(bare with { From = whole.From }, SignaturePolicy.NoSign), Is.EqualTo(MessageFault.AuthorPresent));
            Assert.That(Fault(bare with { SequenceNumber = new Slice(0, 0) }, SignaturePolicy.NoSign), Is.EqualTo(MessageFault.AuthorPresent));
            Assert.That(Fault(bare with { Signature = whole.Signature }, SignaturePolicy.NoSign), Is.EqualTo(MessageFault.AuthorPresent));
            Assert.That(Fault(bare with { Key = whole.Key }, SignaturePolicy.NoSign), Is.EqualTo(MessageFault.AuthorPresent));
        });
    }

    [Test]
    public void BareMessage_HasTheBytesAndTheIdOfJs_Gossipsub17()
    {
        byte[] rpc = GossipVectors.Hex("bare", "rpc");

        GossipMessage message = BareMessages.Make("t"u8.ToArray(), GossipVectors.Hex("bare", "data"), MessageId.Content);

        Assert.That(message.Frame[1..], Is.EqualTo(rpc));
        Assert.That(message.Id, Is.EqualTo(GossipVectors.Hex("bare", "id")));
    }

    [Test]
    public void MessageId_OfTheSpecificationIsAuthorAndSequenceNumber()
    {
        byte[] expected = [.. GossipVectors.Hex("signed", "from"), .. GossipVectors.Hex("signed", "seqno")];

        Assert.That(MessageIds.Of(MessageId.Specification, Rpc, GossipVectors.Message(Rpc)), Is.EqualTo(expected));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void MessageId_OfJsIsPublicKeyAndSequenceNumber_Gossipsub17(bool withKey)
    {
        MessageEntry fields = GossipVectors.Message(Rpc);
        fields.Key = withKey ? fields.Key : default;

        Assert.That(MessageIds.Of(MessageId.JsLibp2p, Rpc, fields), Is.EqualTo(GossipVectors.Hex("signed", "jsId")));
    }

    [Test]
    public void SequenceNumbers_GrowAndGoOnGrowingAfterARestart()
    {
        ManualTime time = new();
        ulong first = SequenceNumbers.At(time);
        time.Advance(TimeSpan.FromMilliseconds(1));

        // 999,999 messages in a millisecond are more than can be signed.
        Assert.That(SequenceNumbers.At(time) - first, Is.EqualTo(1_000_000));
        Assert.That(first, Is.EqualTo((ulong)time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000 - 1_000_000));
    }

    private static GossipMessage Decode(byte[] rpc) => new(rpc, GossipVectors.Message(rpc), [1]);

    private static MessageFault Fault(MessageEntry fields, SignaturePolicy policy = SignaturePolicy.Sign, int maxData = MaxData) =>
        MessageVerifier.CheckShape(Rpc, fields, policy, maxData);
}

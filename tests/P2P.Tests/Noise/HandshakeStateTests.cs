using System.Text.Json;
using P2PMiner.P2P.Noise;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Noise;

[TestFixture]
internal sealed class HandshakeStateTests
{
    private const string Vectors = "noise-xx.json";

    private static IEnumerable<TestCaseData> Handshakes => VectorFile.Cases(Vectors);

    [TestCaseSource(nameof(Handshakes))]
    public void Handshake_MatchesTheVectorsOfCacophonyAndSnow(JsonElement vector)
    {
        byte[] prologue = vector.Hex("prologue");
        using X25519KeyPair initiatorStatic = X25519KeyPair.FromPrivate(vector.Hex("initiatorStatic"));
        using X25519KeyPair initiatorEphemeral = X25519KeyPair.FromPrivate(vector.Hex("initiatorEphemeral"));
        using X25519KeyPair responderStatic = X25519KeyPair.FromPrivate(vector.Hex("responderStatic"));
        using X25519KeyPair responderEphemeral = X25519KeyPair.FromPrivate(vector.Hex("responderEphemeral"));
        using HandshakeState initiator = new(initiator: true, initiatorStatic, initiatorEphemeral, prologue);
        using HandshakeState responder = new(initiator: false, responderStatic, responderEphemeral, prologue);
        JsonElement[] messages = [.. vector.GetProperty("messages").EnumerateArray()];

        for (int i = 0; i < 3; i++)
            Exchange(i % 2 == 0 ? initiator : responder, i % 2 == 0 ? responder : initiator, messages[i]);

        Assert.That(initiator.IsComplete && responder.IsComplete, Is.True);
        Assert.That(initiator.RemoteStatic.SequenceEqual(responderStatic.PublicKey), Is.True);
        Assert.That(responder.RemoteStatic.SequenceEqual(initiatorStatic.PublicKey), Is.True);
        Assert.That(initiator.Hash.SequenceEqual(responder.Hash), Is.True);
        if (vector.TryGetProperty("handshakeHash", out _))
            Assert.That(initiator.Hash.ToArray(), Is.EqualTo(vector.Hex("handshakeHash")));
        (CipherState send, CipherState receive) = initiator.Split();
        (CipherState otherSend, CipherState otherReceive) = responder.Split();
        for (int i = 3; i < messages.Length; i++)
            Transport(i % 2 == 0 ? send : otherSend, i % 2 == 0 ? otherReceive : receive, messages[i]);
    }

    [Test]
    public void Read_RefusesEveryChangedByteOfTheSecondMessage()
    {
        for (int i = 0; ; i++)
        {
            using Pair pair = new();
            byte[] message = pair.ToSecondMessage([1, 2, 3]);
            if (i == message.Length)
                break;
            message[i] ^= 0x40;
            Assert.That(() => pair.Initiator.Read(message, new byte[message.Length]), Throws.TypeOf<NoiseException>(), $"byte {i}");
        }
    }

    [Test]
    public void Read_RefusesEveryChangedByteOfTheThirdMessage()
    {
        for (int i = 0; ; i++)
        {
            using Pair pair = new();
            byte[] message = pair.ToThirdMessage([1, 2, 3]);
            if (i == message.Length)
                break;
            message[i] ^= 0x01;
            Assert.That(() => pair.Responder.Read(message, new byte[message.Length]), Throws.TypeOf<NoiseException>(), $"byte {i}");
        }
    }

    [Test]
    public void Read_RefusesAMessageCutAnywhere()
    {
        for (int length = 0; length < X25519KeyPair.Size; length++)
        {
            using Pair pair = new();
            Assert.That(() => pair.Responder.Read(new byte[length], new byte[64]), Throws.TypeOf<NoiseException>(), $"first, {length}");
        }
        for (int length = 0; length < HandshakeState.MaxOverhead; length++)
        {
            using Pair pair = new();
            byte[] message = pair.ToSecondMessage([])[..length];
            Assert.That(() => pair.Initiator.Read(message, new byte[256]), Throws.TypeOf<NoiseException>(), $"second, {length}");
        }
        for (int length = 0; length < 64; length++)
        {
            using Pair pair = new();
            byte[] message = pair.ToThirdMessage([])[..length];
            Assert.That(() => pair.Responder.Read(message, new byte[256]), Throws.TypeOf<NoiseException>(), $"third, {length}");
        }
    }

    // The points of small order on Curve25519, and their other encodings (RFC 7748, section 7; cr.yp.to/ecdh.html, "validate").
    [TestCase("0000000000000000000000000000000000000000000000000000000000000000")]
    [TestCase("0100000000000000000000000000000000000000000000000000000000000000")]
    [TestCase("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [TestCase("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    [TestCase("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [TestCase("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [TestCase("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void LowOrderPoint_IsRefused(string point)
    {
        using Pair pair = new();
        byte[] message = Convert.FromHexString(point);

        pair.Responder.Read(message, new byte[32]);

        Assert.That(() => pair.Responder.Write([], new byte[256]), Throws.TypeOf<NoiseException>().With.Message.Contains("low order"));
    }

    [Test]
    public void Sides_TakeTurns()
    {
        using Pair pair = new();

        Assert.That(() => pair.Responder.Write([], new byte[256]), Throws.InvalidOperationException);
        Assert.That(() => pair.Initiator.Read(new byte[32], new byte[256]), Throws.InvalidOperationException);
        Assert.That(() => pair.Initiator.Split(), Throws.InvalidOperationException);
    }

    [Test]
    public void Cipher_EndsBeforeItsCounterRepeats()
    {
        byte[] key = new byte[CipherState.KeySize];
        using CipherState cipher = new(key, ulong.MaxValue - 1);
        byte[] message = new byte[CipherState.TagSize];

        cipher.Encrypt([], [], message);

        Assert.That(() => cipher.Encrypt([], [], message), Throws.TypeOf<NoiseException>().With.Message.Contains("used up"));
    }

    private static void Exchange(HandshakeState from, HandshakeState to, JsonElement message)
    {
        byte[] payload = message.Hex("payload");
        byte[] buffer = new byte[payload.Length + HandshakeState.MaxOverhead];
        int length = from.Write(payload, buffer);
        Assert.That(buffer[..length], Is.EqualTo(message.Hex("ciphertext")));
        byte[] read = new byte[length];
        int readLength = to.Read(buffer.AsSpan(0, length), read);
        Assert.That(read[..readLength], Is.EqualTo(payload));
    }

    private static void Transport(CipherState from, CipherState to, JsonElement message)
    {
        byte[] payload = message.Hex("payload");
        byte[] buffer = new byte[payload.Length + CipherState.TagSize];
        from.Encrypt([], payload, buffer);
        Assert.That(buffer, Is.EqualTo(message.Hex("ciphertext")));
        to.Decrypt([], buffer, buffer);
        Assert.That(buffer[..payload.Length], Is.EqualTo(payload));
    }

    private sealed class Pair : IDisposable
    {
        private readonly X25519KeyPair[] _keys = [.. Enumerable.Range(0, 4).Select(_ => X25519KeyPair.Generate())];

        public Pair()
        {
            Initiator = new HandshakeState(initiator: true, _keys[0], _keys[1], []);
            Responder = new HandshakeState(initiator: false, _keys[2], _keys[3], []);
        }

        public HandshakeState Initiator { get; }

        public HandshakeState Responder { get; }

        public byte[] ToSecondMessage(byte[] payload)
        {
            Responder.Read(Write(Initiator, []), new byte[64]);
            return Write(Responder, payload);
        }

        public byte[] ToThirdMessage(byte[] payload)
        {
            Initiator.Read(ToSecondMessage([]), new byte[256]);
            return Write(Initiator, payload);
        }

        public void Dispose()
        {
            Initiator.Dispose();
            Responder.Dispose();
            foreach (X25519KeyPair key in _keys)
                key.Dispose();
        }

        private static byte[] Write(HandshakeState state, byte[] payload)
        {
            byte[] buffer = new byte[HandshakeState.MaxOverhead + payload.Length];
            return buffer[..state.Write(payload, buffer)];
        }
    }
}

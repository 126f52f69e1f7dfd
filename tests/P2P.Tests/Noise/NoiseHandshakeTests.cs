using System.Buffers.Binary;
using Google.Protobuf;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Noise;
using P2PMiner.P2P.Noise.Proto;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Noise;

[TestFixture]
internal sealed class NoiseHandshakeTests
{
    private static readonly string[] Yamux = ["/yamux/1.0.0"];
    private static readonly Ed25519KeyPair DialerKey = Ed25519KeyPair.Generate();
    private static readonly Ed25519KeyPair ListenerKey = Ed25519KeyPair.Generate();

    private static PeerId ListenerPeer => ListenerKey.ToPublicKey().ToPeerId();

    [Test]
    public async Task Handshake_ProvesBothIdentities()
    {
        (NoiseResult dialer, NoiseResult listener) = await ConnectAsync(Yamux, Yamux, ListenerPeer);

        Assert.That(dialer.RemotePeer, Is.EqualTo(ListenerPeer));
        Assert.That(dialer.RemoteKey.Encoded.SequenceEqual(ListenerKey.ToPublicKey().Encoded), Is.True);
        Assert.That(listener.RemotePeer, Is.EqualTo(DialerKey.ToPublicKey().ToPeerId()));
        await dialer.Stream.WriteAsync("there"u8.ToArray());
        await listener.Stream.WriteAsync("back"u8.ToArray());
        byte[] buffer = new byte[16];
        Assert.That(buffer[..await listener.Stream.ReadAsync(buffer).InTime()], Is.EqualTo("there"u8.ToArray()));
        Assert.That(buffer[..await dialer.Stream.ReadAsync(buffer).InTime()], Is.EqualTo("back"u8.ToArray()));
    }

    [TestCase(new[] { "/yamux/1.0.0" }, new[] { "/yamux/1.0.0" }, "/yamux/1.0.0")]
    [TestCase(new[] { "/a", "/b" }, new[] { "/b", "/a" }, "/a", Description = "the initiator's order counts")]
    [TestCase(new[] { "/a", "/b" }, new[] { "/c", "/b" }, "/b")]
    [TestCase(new string[0], new[] { "/a" }, null)]
    [TestCase(new[] { "/a" }, new string[0], null)]
    [TestCase(new string[0], new string[0], null)]
    public async Task EarlyMultiplexer_IsTheInitiatorsFirstThatBothHave(string[] initiator, string[] responder, string? agreed)
    {
        (NoiseResult dialer, NoiseResult listener) = await ConnectAsync(initiator, responder);

        Assert.That(dialer.EarlyMultiplexer, Is.EqualTo(agreed));
        Assert.That(listener.EarlyMultiplexer, Is.EqualTo(agreed));
        Assert.That(dialer.RemoteMultiplexers, Is.EqualTo(responder));
        Assert.That(listener.RemoteMultiplexers, Is.EqualTo(initiator));
    }

    [Test]
    public async Task Handshake_FailsWithoutACommonMultiplexer()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        Task<NoiseResult> accepted = NoiseHandshake.AcceptAsync(far, ListenerKey, null, ["/b"], default);

        Assert.That(
            async () => await NoiseHandshake.DialAsync(near, DialerKey, null, ["/a"], default).InTime(),
            Throws.TypeOf<NoiseException>().With.Message.Contains("multiplexers"));
        await near.DisposeAsync();
        Assert.That(async () => await accepted.InTime(), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Dial_RefusesAnotherPeer()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        Task<NoiseResult> accepted = NoiseHandshake.AcceptAsync(far, ListenerKey, null, Yamux, default);
        PeerId other = Ed25519KeyPair.Generate().ToPublicKey().ToPeerId();

        Assert.That(
            async () => await NoiseHandshake.DialAsync(near, DialerKey, other, Yamux, default).InTime(),
            Throws.TypeOf<UnexpectedPeerException>().With.Message.Contains(other.ToString()).And.Message.Contains(ListenerPeer.ToString()));

        await near.DisposeAsync();
        Assert.That(async () => await accepted.InTime(), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void Dial_RefusesAKeyThatDidNotSign()
    {
        Assert.That(
            async () => await DialScriptedAsync(staticKey =>
            {
                NoiseHandshakePayload payload = GoodPayload(staticKey);
                payload.IdentityKey = ByteString.CopyFrom(DialerKey.ToPublicKey().Encoded);
                return payload.ToByteArray();
            }),
            Throws.TypeOf<NoiseException>().With.Message.Contains("sign"));
    }

    [Test]
    public void Dial_RefusesASignatureOfAnotherStaticKey() =>
        Assert.That(
            async () => await DialScriptedAsync(_ => GoodPayload(new byte[32]).ToByteArray()),
            Throws.TypeOf<NoiseException>().With.Message.Contains("sign"));

    [TestCase("", Description = "no payload at all")]
    [TestCase("0a03080112", Description = "a field that is cut off")]
    [TestCase("ffffffffffffffffffff01", Description = "no protobuf")]
    public void Dial_RefusesAMalformedPayload(string payload) =>
        Assert.That(async () => await DialScriptedAsync(_ => Convert.FromHexString(payload)), Throws.TypeOf<NoiseException>());

    [Test]
    public async Task Dial_SkipsUnknownFieldsAndTheOldDataField()
    {
        byte[] unknown = [0x1a, 3, 1, 2, 3, 0xfa, 0x3f, 2, 9, 9];
        NoiseResult result = await DialScriptedAsync(staticKey => [.. GoodPayload(staticKey).ToByteArray(), .. unknown]);

        Assert.That(result.RemotePeer, Is.EqualTo(ListenerPeer));
        Assert.That(result.RemoteMultiplexers, Is.Empty);
    }

    [Test]
    public async Task Dial_TakesAnEndlessListOfMultiplexersAsNone()
    {
        NoiseResult result = await DialScriptedAsync(staticKey =>
        {
            NoiseHandshakePayload payload = GoodPayload(staticKey);
            payload.Extensions = new NoiseExtensions();
            payload.Extensions.StreamMuxers.AddRange(Enumerable.Repeat("/yamux/1.0.0", HandshakePayload.MaxMultiplexers + 1));
            return payload.ToByteArray();
        });

        Assert.That(result.EarlyMultiplexer, Is.Null);
    }

    [Test]
    public async Task Dial_ReadsAHandshakeMessageOfTheGreatestLength()
    {
        NoiseResult result = await DialScriptedAsync(staticKey =>
        {
            byte[] payload = GoodPayload(staticKey).ToByteArray();
            int rest = HandshakeState.MaxMessage - HandshakeState.MaxOverhead - payload.Length - 4;
            return [.. payload, 0x1a, (byte)(rest | 0x80), (byte)((rest >> 7) | 0x80), (byte)(rest >> 14), .. new byte[rest]];
        });

        Assert.That(result.RemotePeer, Is.EqualTo(ListenerPeer));
    }

    [Test]
    public async Task Handshake_FailsWhereverTheConnectionEnds()
    {
        byte[] first = await FirstMessageAsync();
        for (int length = 0; length <= first.Length; length++)
        {
            (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
            await near.WriteAsync(first.AsMemory(0, length));
            near.CompleteWriting();
            Assert.That(
                async () => await NoiseHandshake.AcceptAsync(far, ListenerKey, null, Yamux, default).InTime(),
                Throws.InstanceOf<IOException>(), $"after {length} bytes");
        }
    }

    [Test]
    public async Task Handshake_FailsOnForeignBytes()
    {
        byte[][] inputs =
        [
            "GET / HTTP/1.1\r\n\r\n"u8.ToArray(),
            [0, 0],
            [0, 31, .. new byte[31]],
            [.. Enumerable.Repeat((byte)0xff, 80_000)],
        ];
        foreach (byte[] input in inputs)
        {
            (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
            await near.WriteAsync(input);
            near.CompleteWriting();
            Assert.That(
                async () => await NoiseHandshake.AcceptAsync(far, ListenerKey, null, Yamux, default).InTime(),
                Throws.InstanceOf<IOException>());
        }
    }

    [Test]
    public void Handshake_EndsWhenCancelled()
    {
        (MemoryDuplex near, _) = MemoryDuplex.CreatePair();
        using CancellationTokenSource cancellation = new();
        Task<NoiseResult> dialling = NoiseHandshake.DialAsync(near, DialerKey, null, Yamux, cancellation.Token);

        cancellation.Cancel();

        Assert.That(async () => await dialling.InTime(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Channel_KeepsWhatCameWithTheLastMessage()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        HeldBack held = new(near);
        Task<NoiseResult> accepted = NoiseHandshake.AcceptAsync(far, ListenerKey, null, Yamux, default);
        NoiseResult dialer = await NoiseHandshake.DialAsync(held, DialerKey, null, Yamux, default).InTime();
        await dialer.Stream.WriteAsync(new byte[] { 42 });
        await held.ReleaseAsync();

        NoiseResult listener = await accepted.InTime();

        byte[] buffer = new byte[4];
        Assert.That(await listener.Stream.ReadAsync(buffer).InTime(), Is.EqualTo(1));
        Assert.That(buffer[0], Is.EqualTo(42));
    }

    internal static async Task<(NoiseResult Dialer, NoiseResult Listener)> ConnectAsync(
        string[]? initiator = null, string[]? responder = null, PeerId? expected = null, Stream? near = null, Stream? far = null)
    {
        if (near is null || far is null)
            (near, far) = MemoryDuplex.CreatePair();
        Task<NoiseResult> accepted = NoiseHandshake.AcceptAsync(far, ListenerKey, null, responder ?? Yamux, default);
        NoiseResult dialer = await NoiseHandshake.DialAsync(near, DialerKey, expected, initiator ?? Yamux, default).InTime();
        return (dialer, await accepted.InTime());
    }

    private static NoiseHandshakePayload GoodPayload(ReadOnlySpan<byte> staticKey) =>
        NoiseHandshakePayload.Parser.ParseFrom(HandshakePayload.Encode(ListenerKey, staticKey, []));

    /// <summary>Dials a listener that follows Noise, but sends whatever payload it is given.</summary>
    private static async Task<NoiseResult> DialScriptedAsync(Func<byte[], byte[]> payload)
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        using X25519KeyPair staticKey = X25519KeyPair.Generate();
        using X25519KeyPair ephemeralKey = X25519KeyPair.Generate();
        using HandshakeState state = new(initiator: false, staticKey, ephemeralKey, []);
        Task<NoiseResult> dialling = NoiseHandshake.DialAsync(near, DialerKey, null, Yamux, default);
        state.Read(await ReadFrameAsync(far), new byte[256]);
        byte[] body = payload(staticKey.PublicKey.ToArray());
        byte[] message = new byte[HandshakeState.MaxOverhead + body.Length];
        await WriteFrameAsync(far, message.AsMemory(0, state.Write(body, message)));
        return await dialling.InTime();
    }

    private static async Task<byte[]> FirstMessageAsync()
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair();
        using CancellationTokenSource cancellation = new();
        Task<NoiseResult> dialling = NoiseHandshake.DialAsync(near, DialerKey, null, Yamux, cancellation.Token);
        byte[] body = await ReadFrameAsync(far);
        await cancellation.CancelAsync();
        Assert.That(async () => await dialling.InTime(), Throws.InstanceOf<OperationCanceledException>());
        return [(byte)(body.Length >> 8), (byte)body.Length, .. body];
    }

    private static async Task<byte[]> ReadFrameAsync(Stream stream)
    {
        byte[] header = new byte[2];
        await stream.ReadExactlyAsync(header).InTime();
        byte[] body = new byte[BinaryPrimitives.ReadUInt16BigEndian(header)];
        await stream.ReadExactlyAsync(body).InTime();
        return body;
    }

    private static async Task WriteFrameAsync(Stream stream, ReadOnlyMemory<byte> body)
    {
        await stream.WriteAsync(new[] { (byte)(body.Length >> 8), (byte)body.Length });
        await stream.WriteAsync(body);
    }
}

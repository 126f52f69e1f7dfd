using P2PMiner.Interop.Tests.Raw;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>Peers that break the Noise handshake, lie in it, or spoil what follows.</summary>
internal sealed class NoiseAttackTests : HostileTests
{
    private readonly Ed25519KeyPair _key = Ed25519KeyPair.Generate();

    private PeerId Attacker => _key.ToPublicKey().ToPeerId();

    [Test]
    public async Task Claim_SignedByAnotherKey_IsRefused() =>
        await AssertRefusedAsync(new RawClaim(_key, Ed25519KeyPair.Generate(), RawYamux.Protocol).Encode);

    [Test]
    public async Task Claim_OfTheFriendsIdentity_IsRefused()
    {
        PublicKey friend = PublicKeyOf(Friend.Id);

        await AssertRefusedAsync(staticKey => [.. Proto.Bytes(1, friend.Encoded), .. RawClaim.Honest(_key).Encode(staticKey)[38..]]);

        Assert.That(Victim.Network.Connections.Count(one => one.RemotePeer == Friend.Id), Is.EqualTo(1));
    }

    [Test]
    public async Task Claim_ForAnotherStaticKey_IsRefused() =>
        await AssertRefusedAsync(_ => RawClaim.Honest(_key).Encode(new byte[32]));

    [Test]
    public async Task Claim_WithoutSignature_IsRefused() =>
        await AssertRefusedAsync(_ => Proto.Bytes(1, _key.ToPublicKey().Encoded));

    [Test]
    public async Task Claim_WithoutKey_IsRefused() => await AssertRefusedAsync(_ => Proto.Bytes(2, new byte[64]));

    [Test]
    public async Task Claim_WithAKeyOfAnUnknownType_IsRefused() => await AssertRefusedAsync(
        _ => [.. Proto.Bytes(1, [.. Proto.Number(1, 9), .. Proto.Bytes(2, new byte[32])]), .. Proto.Bytes(2, new byte[64])]);

    [Test]
    public async Task Claim_WithAShortKey_IsRefused() => await AssertRefusedAsync(
        _ => [.. Proto.Bytes(1, [.. Proto.Number(1, 1), .. Proto.Bytes(2, new byte[31])]), .. Proto.Bytes(2, new byte[64])]);

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(60_000)]
    public async Task Claim_ThatIsNoProtobuf_IsRefused(int length) =>
        await AssertRefusedAsync(_ => [.. Enumerable.Repeat((byte)0xff, length)]);

    [Test]
    public async Task Claim_WithForeignMultiplexersOnly_IsRefused() =>
        await AssertRefusedAsync(new RawClaim(_key, _key, "/mplex/6.7.0", "/quic").Encode);

    [Test]
    public async Task Claim_OfTheVictimItself_IsRefused()
    {
        // Not even its own key may dial it: whoever has it is the victim, or stole it.
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);
        await using RawNoise noise = await RawNoise.ShakeHandsAsync(socket, RawClaim.Honest(VictimKey).Encode);

        await socket.UntilClosedAsync();
    }

    [TestCase(1)]
    [TestCase(3)]
    public async Task Handshake_WithOneBitChanged_IsRefused(int number) => await AssertRefusedAsync(
        RawClaim.Honest(_key).Encode,
        (message, bytes) =>
        {
            if (message == number)
                bytes[^1] ^= 1;
            return bytes;
        },
        mayFailBefore: true);

    [TestCase(1, 0)]
    [TestCase(1, 31)]
    [TestCase(3, 0)]
    [TestCase(3, 47)]
    public async Task Handshake_CutShort_IsRefused(int number, int length) => await AssertRefusedAsync(
        RawClaim.Honest(_key).Encode, (message, bytes) => message == number ? bytes[..length] : bytes, mayFailBefore: true);

    [TestCase(0)]
    [TestCase(1)]
    public async Task Handshake_WithAKeyOfLowOrder_IsRefused(byte first) => await AssertRefusedAsync(
        RawClaim.Honest(_key).Encode,
        (message, bytes) => message == 1 ? [first, .. new byte[31]] : bytes,
        mayFailBefore: true);

    [Test]
    public async Task Handshake_ThatStopsAfterTheFirstMessage_IsCutOff()
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);
        await socket.SendAsync((byte[])[.. RawSocket.Line(RawSocket.Multistream), .. RawSocket.Line("/noise"), .. RawNoise.Frame(new byte[32])[..20]]);

        await socket.UntilClosedAsync();
    }

    [Test]
    public async Task Frame_WithOneBitChanged_EndsTheConnection()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        await session.PingAsync();
        byte[] frame = session.Noise.Encrypt(RawYamux.Frame(RawYamux.Ping, RawYamux.Syn, 0, 1));
        frame[3] ^= 0x10;

        await session.Noise.Socket.SendAsync(RawNoise.Frame(frame));

        await AssertEndedAsync(session);
    }

    [TestCase(1)]
    [TestCase(15)]
    public async Task Frame_ShorterThanItsTag_EndsTheConnection(int length)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        await session.PingAsync();

        await session.Noise.Socket.SendAsync(RawNoise.Frame(new byte[length]));

        await AssertEndedAsync(session);
    }

    [Test]
    public async Task Frame_SentTwice_EndsTheConnection()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        byte[] frame = RawNoise.Frame(session.Noise.Encrypt(RawYamux.Frame(RawYamux.Ping, RawYamux.Syn, 0, 1)));

        await session.Noise.Socket.SendAsync(frame);
        await session.Noise.Socket.SendAsync(frame);

        await AssertEndedAsync(session);
    }

    [Test]
    public async Task Frame_WithoutContent_IsHarmless()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);

        for (int i = 0; i < 100; i++)
            await session.SendBelowAsync(static noise => noise.Socket.SendAsync((byte[])[.. RawNoise.Frame(noise.Encrypt([])), .. RawNoise.Frame([])]));

        await session.PingAsync();
    }

    [Test]
    public async Task Frames_WithoutContentAndWithoutEnd_EndTheConnection()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target, _key);
        byte[] many = [.. Enumerable.Repeat(RawNoise.Frame([]), 10_000).SelectMany(frame => frame)];

        for (int i = 0; i < 100 && !session.IsClosed; i++)
            await session.Noise.Socket.SendAsync(many);

        await AssertEndedAsync(session);
    }

    [Test]
    public async Task WithoutEarlyMultiplexer_AMultiplexerThatNobodyHas_IsRefused()
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);
        await using RawNoise noise = await RawNoise.ShakeHandsAsync(socket, new RawClaim(_key, _key).Encode);

        await noise.SendAsync([.. RawSocket.Line(RawSocket.Multistream), .. RawSocket.Line("/mplex/6.7.0")]);

        await socket.UntilClosedAsync();
        Assert.That(IsConnected(Attacker), Is.False);
    }

    private static PublicKey PublicKeyOf(PeerId peer) => PublicKey.TryDecode(peer.Bytes[2..], out PublicKey? key)
        ? key
        : throw new InvalidOperationException("an Ed25519 peer id holds its key");

    private async Task AssertRefusedAsync(
        Func<byte[], byte[]> claim, Func<int, byte[], byte[]>? spoil = null, bool mayFailBefore = false)
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);
        try
        {
            await using RawNoise noise = await RawNoise.ShakeHandsAsync(socket, claim, spoil);
            await socket.UntilClosedAsync();
        }
        catch (Exception problem) when (mayFailBefore && problem is EndOfStreamException or P2P.Noise.NoiseException)
        {
            // Refused already at the first message.
            await socket.UntilClosedAsync();
        }
        Assert.That(IsConnected(Attacker), Is.False);
    }

    private async Task AssertEndedAsync(RawYamux session)
    {
        await session.UntilClosedAsync();
        await UntilAsync(() => !IsConnected(Attacker), "end of the attacker's connection");
    }
}

using System.Buffers;
using System.Buffers.Binary;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Noise;

/// <summary>Secures a raw connection with Noise_XX_25519_ChaChaPoly_SHA256 (libp2p/specs, noise/README.md).</summary>
internal static class NoiseHandshake
{
    /// <summary>Id for multistream-select.</summary>
    internal const string ProtocolId = "/noise";

    /// <summary>The handshake of the side that dialled.</summary>
    /// <param name="raw">Owned by the result; after an exception the caller closes it.</param>
    /// <param name="key">Our identity.</param>
    /// <param name="expected">Who must answer, or null for anyone.</param>
    /// <param name="muxers">Our multiplexers in order of preference; empty switches early negotiation off.</param>
    /// <param name="cancellation">Ends the handshake; the raw stream is of no use after it.</param>
    /// <exception cref="NoiseException">The remote broke the protocol, or has none of our multiplexers.</exception>
    /// <exception cref="UnexpectedPeerException">The remote is not <paramref name="expected"/>.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    internal static async Task<NoiseResult> DialAsync(
        Stream raw, Ed25519KeyPair key, PeerId? expected, IReadOnlyList<string> muxers, CancellationToken cancellation)
    {
        using X25519KeyPair staticKey = X25519KeyPair.Generate();
        using X25519KeyPair ephemeralKey = X25519KeyPair.Generate();
        using HandshakeState state = new(initiator: true, staticKey, ephemeralKey, prologue: []);
        NoiseFrameReader frames = new(raw);
        await SendAsync(raw, state, [], cancellation).ConfigureAwait(false);
        HandshakePayload remote = HandshakePayload.Verify(await ReceiveAsync(frames, state, cancellation).ConfigureAwait(false), state.RemoteStatic);
        PeerId peer = Check(remote, expected);
        string? muxer = ChooseMultiplexer(muxers, remote.Multiplexers);
        byte[] payload = HandshakePayload.Encode(key, staticKey.PublicKey, muxers);
        await SendAsync(raw, state, payload, cancellation).ConfigureAwait(false);
        return new NoiseResult(Channel(raw, frames, state), remote.Key, peer, remote.Multiplexers, muxer);
    }

    /// <summary>The handshake of the side that was dialled; parameters and errors as of <see cref="DialAsync"/>.</summary>
    internal static async Task<NoiseResult> AcceptAsync(
        Stream raw, Ed25519KeyPair key, PeerId? expected, IReadOnlyList<string> muxers, CancellationToken cancellation)
    {
        using X25519KeyPair staticKey = X25519KeyPair.Generate();
        using X25519KeyPair ephemeralKey = X25519KeyPair.Generate();
        using HandshakeState state = new(initiator: false, staticKey, ephemeralKey, prologue: []);
        NoiseFrameReader frames = new(raw);
        // The first message is not encrypted: whatever it carries means nothing.
        await ReceiveAsync(frames, state, cancellation).ConfigureAwait(false);
        byte[] payload = HandshakePayload.Encode(key, staticKey.PublicKey, muxers);
        await SendAsync(raw, state, payload, cancellation).ConfigureAwait(false);
        HandshakePayload remote = HandshakePayload.Verify(await ReceiveAsync(frames, state, cancellation).ConfigureAwait(false), state.RemoteStatic);
        PeerId peer = Check(remote, expected);
        string? muxer = ChooseMultiplexer(remote.Multiplexers, muxers);
        return new NoiseResult(Channel(raw, frames, state), remote.Key, peer, remote.Multiplexers, muxer);
    }

    /// <summary>
    /// The first of the initiator's multiplexers that the responder has too, or null if a side names none
    /// (libp2p/specs, connections/inlined-muxer-negotiation.md).
    /// </summary>
    /// <exception cref="NoiseException">Both name some, but they have none in common.</exception>
    internal static string? ChooseMultiplexer(IReadOnlyList<string> initiator, IReadOnlyList<string> responder)
    {
        if (initiator.Count == 0 || responder.Count == 0)
            return null;
        return initiator.FirstOrDefault(responder.Contains) ?? throw new NoiseException("the remote has none of our multiplexers");
    }

    private static NoiseStream Channel(Stream raw, NoiseFrameReader frames, HandshakeState state)
    {
        (CipherState send, CipherState receive) = state.Split();
        return new NoiseStream(raw, frames, send, receive);
    }

    private static PeerId Check(HandshakePayload remote, PeerId? expected)
    {
        PeerId peer = remote.Key.ToPeerId();
        return expected is null || expected.Equals(peer) ? peer : throw new UnexpectedPeerException(expected, peer);
    }

    private static async ValueTask SendAsync(Stream raw, HandshakeState state, byte[] payload, CancellationToken cancellation)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(NoiseFrameReader.HeaderSize + HandshakeState.MaxOverhead + payload.Length);
        int length = state.Write(payload, frame.AsSpan(NoiseFrameReader.HeaderSize));
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)length);
        await raw.WriteAsync(frame.AsMemory(0, NoiseFrameReader.HeaderSize + length), cancellation).ConfigureAwait(false);
        ArrayPool<byte>.Shared.Return(frame);
    }

    /// <returns>The payload of the remote's next message.</returns>
    private static async ValueTask<byte[]> ReceiveAsync(NoiseFrameReader frames, HandshakeState state, CancellationToken cancellation)
    {
        if (!await frames.FillAsync(cancellation).ConfigureAwait(false))
            throw new EndOfStreamException("the remote closed the connection during the Noise handshake");
        ReadOnlySpan<byte> message = frames.Take().Span;
        byte[] payload = new byte[message.Length];
        int length = state.Read(message, payload);
        return payload[..length];
    }
}

using System.Buffers.Binary;
using System.Text;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Noise;

namespace P2PMiner.Interop.Tests.Raw;

/// <summary>What a hostile initiator says about itself in the third handshake message.</summary>
/// <param name="Key">The identity that it claims.</param>
/// <param name="Signer">The key that signs; the claimed one if it is honest.</param>
/// <param name="Multiplexers">What it names.</param>
internal sealed record RawClaim(Ed25519KeyPair Key, Ed25519KeyPair Signer, params string[] Multiplexers)
{
    public static RawClaim Honest(Ed25519KeyPair key) => new(key, key, RawYamux.Protocol);

    public byte[] Encode(byte[] staticKey)
    {
        byte[] signed = [.. "noise-libp2p-static-key:"u8, .. staticKey];
        // Written by hand: the identity key is field 1, the signature 2, the extensions 4, and their multiplexers 2.
        byte[] muxers = [.. Multiplexers.SelectMany(name => Proto.Bytes(2, Encoding.UTF8.GetBytes(name)))];
        return
        [
            .. Proto.Bytes(1, Key.ToPublicKey().Encoded.ToArray()),
            .. Proto.Bytes(2, Signer.Sign(signed)),
            .. muxers.Length == 0 ? [] : Proto.Bytes(4, muxers),
        ];
    }
}

/// <summary>A Noise channel to a host under attack, whose handshake and frames the test may spoil.</summary>
internal sealed class RawNoise(RawSocket socket, CipherState send, CipherState receive) : IAsyncDisposable
{
    private const int FrameBytes = 65_000;

    public RawSocket Socket { get; } = socket;

    /// <summary>Agrees on Noise and performs the handshake.</summary>
    /// <param name="socket">Fresh; owned by the result.</param>
    /// <param name="claim">Gives the third message's payload for the static key.</param>
    /// <param name="spoil">Changes a handshake message before it is sent; gets its number, 1 or 3.</param>
    public static async Task<RawNoise> ShakeHandsAsync(
        RawSocket socket, Func<byte[], byte[]> claim, Func<int, byte[], byte[]>? spoil = null)
    {
        await socket.SendAsync((byte[])[.. RawSocket.Line(RawSocket.Multistream), .. RawSocket.Line("/noise")]);
        await socket.ExpectLinesAsync(RawSocket.Multistream, "/noise");

        using X25519KeyPair staticKey = X25519KeyPair.Generate();
        using X25519KeyPair ephemeralKey = X25519KeyPair.Generate();
        using var state = new HandshakeState(initiator: true, staticKey, ephemeralKey, prologue: []);
        await WriteAsync(state, [], 1);
        byte[] second = await ReadFrameAsync(socket);
        state.Read(second, new byte[second.Length]);
        await WriteAsync(state, claim(staticKey.PublicKey.ToArray()), 3);
        (CipherState send, CipherState receive) = state.Split();
        return new RawNoise(socket, send, receive);

        async Task WriteAsync(HandshakeState handshake, byte[] payload, int number)
        {
            byte[] message = new byte[HandshakeState.MaxOverhead + payload.Length];
            byte[] written = message[..handshake.Write(payload, message)];
            await socket.SendAsync(Frame(spoil is null ? written : spoil(number, written)));
        }
    }

    public static byte[] Frame(byte[] body)
    {
        byte[] frame = new byte[2 + body.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)body.Length);
        body.CopyTo(frame, 2);
        return frame;
    }

    /// <summary>Encrypts and sends, in as many frames as it takes.</summary>
    public async Task SendAsync(byte[] plaintext)
    {
        foreach (byte[] part in plaintext.Chunk(FrameBytes))
            await Socket.SendAsync(Frame(Encrypt(part)));
    }

    public byte[] Encrypt(byte[] plaintext)
    {
        byte[] ciphertext = new byte[plaintext.Length + CipherState.TagSize];
        send.Encrypt([], plaintext, ciphertext);
        return ciphertext;
    }

    /// <exception cref="EndOfStreamException">The host closed the connection.</exception>
    public async Task<byte[]> ReadAsync(CancellationToken cancellation)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(await Socket.ReadExactlyAsync(2, cancellation));
        byte[] frame = await Socket.ReadExactlyAsync(length, cancellation);
        receive.Decrypt([], frame, frame);
        return frame[..^CipherState.TagSize];
    }

    public async ValueTask DisposeAsync()
    {
        send.Dispose();
        receive.Dispose();
        await Socket.DisposeAsync();
    }

    private static async Task<byte[]> ReadFrameAsync(RawSocket socket) =>
        await socket.ReadExactlyAsync(BinaryPrimitives.ReadUInt16BigEndian(await socket.ReadExactlyAsync(2)));
}

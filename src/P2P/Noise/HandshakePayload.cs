using Google.Protobuf;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Noise.Proto;

namespace P2PMiner.P2P.Noise;

/// <summary>What the sides tell each other inside the handshake (libp2p/specs, noise/README.md, "The libp2p Handshake Payload").</summary>
/// <param name="Key">The sender's identity; its signature over the Noise static key is verified.</param>
/// <param name="Multiplexers">In the sender's order of preference; empty if it names none.</param>
internal sealed record HandshakePayload(PublicKey Key, IReadOnlyList<string> Multiplexers)
{
    /// <summary>A longer list of multiplexers is taken as none, as in go-libp2p.</summary>
    internal const int MaxMultiplexers = 100;

    private static readonly MessageParser<NoiseHandshakePayload> Parser = NoiseHandshakePayload.Parser.WithDiscardUnknownFields(true);

    /// <summary>Our own payload.</summary>
    /// <param name="key">Signs the static key.</param>
    /// <param name="staticKey">Our Noise public key, 32 bytes.</param>
    /// <param name="multiplexers">Empty: no extensions are sent.</param>
    internal static byte[] Encode(Ed25519KeyPair key, ReadOnlySpan<byte> staticKey, IReadOnlyList<string> multiplexers)
    {
        NoiseHandshakePayload payload = new()
        {
            IdentityKey = ByteString.CopyFrom(key.ToPublicKey().Encoded),
            IdentitySig = ByteString.CopyFrom(key.Sign(SignedBytes(staticKey))),
        };
        if (multiplexers.Count > 0)
            payload.Extensions = new NoiseExtensions { StreamMuxers = { multiplexers } };
        return payload.ToByteArray();
    }

    /// <summary>Parses and verifies the remote's payload.</summary>
    /// <param name="payload">At most a handshake message long.</param>
    /// <param name="staticKey">The remote's Noise public key from the same handshake.</param>
    /// <exception cref="NoiseException">Malformed, without a key that we can verify, or with a wrong signature.</exception>
    internal static HandshakePayload Verify(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> staticKey)
    {
        NoiseHandshakePayload message = Parse(payload);
        if (!PublicKey.TryDecode(message.IdentityKey.Span, out PublicKey? key))
            throw new NoiseException("the remote's identity key is malformed or of a kind that is not supported");
        if (!key.Verify(SignedBytes(staticKey), message.IdentitySig.Span))
            throw new NoiseException("the remote's identity key did not sign its Noise key");
        // Nothing of the extensions may be used before this point.
        bool usable = message.Extensions is { StreamMuxers.Count: > 0 and <= MaxMultiplexers };
        return new HandshakePayload(key, usable ? [.. message.Extensions!.StreamMuxers] : []);
    }

    private static NoiseHandshakePayload Parse(ReadOnlySpan<byte> payload)
    {
        try
        {
            return Parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new NoiseException("the remote's handshake payload is malformed", e);
        }
    }

    private static byte[] SignedBytes(ReadOnlySpan<byte> staticKey) => [.. "noise-libp2p-static-key:"u8, .. staticKey];
}

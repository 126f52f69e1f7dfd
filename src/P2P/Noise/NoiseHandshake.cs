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
    internal static Task<NoiseResult> DialAsync(
        Stream raw, Ed25519KeyPair key, PeerId? expected, IReadOnlyList<string> muxers, CancellationToken cancellation) =>
        throw new NotSupportedException("being written");

    /// <summary>The handshake of the side that was dialled; parameters and errors as of <see cref="DialAsync"/>.</summary>
    internal static Task<NoiseResult> AcceptAsync(
        Stream raw, Ed25519KeyPair key, PeerId? expected, IReadOnlyList<string> muxers, CancellationToken cancellation) =>
        throw new NotSupportedException("being written");
}

using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Addresses;

namespace P2PMiner.P2P.Identity;

/// <summary>A peer's addresses at one time (libp2p/specs, RFC/0003-routing-records.md), signed in an envelope (RFC/0002).</summary>
/// <param name="Peer">Whose addresses they are.</param>
/// <param name="Sequence">Grows with every change.</param>
/// <param name="Addresses">Without /p2p.</param>
public sealed record PeerRecord(PeerId Peer, ulong Sequence, IReadOnlyList<Multiaddr> Addresses)
{
    /// <summary>The signed envelope of this record.</summary>
    /// <exception cref="ArgumentException">The key is not the peer's.</exception>
    public byte[] Sign(Ed25519KeyPair key) => throw new NotSupportedException("being written");

    /// <summary>Verifies an envelope from the network: its signature, its type, and that the signer is the peer of the record.</summary>
    public static bool TryVerify(ReadOnlySpan<byte> envelope, [NotNullWhen(true)] out PeerRecord? record) =>
        throw new NotSupportedException("being written");
}

using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>What a peer said of itself (libp2p/specs, identify/README.md). What it left out is null.</summary>
/// <param name="Connection">The connection it was said on.</param>
/// <param name="IsPush">True for /ipfs/id/push/1.0.0.</param>
/// <param name="Protocols">The protocols that the peer serves.</param>
/// <param name="ListenAddresses">Its addresses, without /p2p.</param>
/// <param name="ObservedAddress">Where it sees us.</param>
/// <param name="AgentVersion">Program and version, such as "p2p-miner/0.1.0".</param>
/// <param name="ProtocolVersion">Family of protocols, such as "ipfs/0.1.0".</param>
/// <param name="SignedRecord">Its peer record, if there was one and it is verified.</param>
public sealed record IdentifiedPeer(
    IPeerConnection Connection,
    bool IsPush,
    IReadOnlyList<string>? Protocols,
    IReadOnlyList<Multiaddr>? ListenAddresses,
    Multiaddr? ObservedAddress,
    string? AgentVersion,
    string? ProtocolVersion,
    PeerRecord? SignedRecord)
{
    /// <summary>The envelope that <see cref="SignedRecord"/> came in, to be passed on to third peers; null if there was none.</summary>
    public byte[]? SignedRecordEnvelope { get; init; }
}

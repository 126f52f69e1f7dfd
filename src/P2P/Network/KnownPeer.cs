using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>All that is known of a peer (libp2p/specs, connections/README.md, "Peer Metadata Storage"). What it never told is null.</summary>
/// <param name="Peer">The peer.</param>
/// <param name="Addresses">Certified ones first.</param>
/// <param name="Protocols">The protocols it serves.</param>
/// <param name="AgentVersion">Program and version.</param>
/// <param name="ProtocolVersion">Family of protocols.</param>
/// <param name="SignedRecord">Its last signed peer record, as it came.</param>
public sealed record KnownPeer(
    PeerId Peer,
    IReadOnlyList<KnownAddress> Addresses,
    IReadOnlyList<string>? Protocols,
    string? AgentVersion,
    string? ProtocolVersion,
    ReadOnlyMemory<byte>? SignedRecord);

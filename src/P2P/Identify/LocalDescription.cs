using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Identify;

/// <summary>What we tell of ourselves.</summary>
internal sealed record LocalDescription(
    PublicKey Key,
    string AgentVersion,
    IReadOnlyList<Multiaddr> Addresses,
    IReadOnlyList<string> Protocols,
    byte[] SignedRecord);

using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Noise;

/// <summary>What a handshake brought about.</summary>
/// <param name="Stream">The encrypted channel; it owns the raw stream.</param>
/// <param name="RemoteKey">The remote's identity key, proved by its signature.</param>
/// <param name="RemotePeer">The peer of that key.</param>
/// <param name="RemoteMultiplexers">The multiplexers that the verified payload lists, in the remote's order; empty if none.</param>
/// <param name="EarlyMultiplexer">The multiplexer agreed on, or null if it is still to be negotiated.</param>
internal sealed record NoiseResult(
    NoiseStream Stream,
    PublicKey RemoteKey,
    PeerId RemotePeer,
    IReadOnlyList<string> RemoteMultiplexers,
    string? EarlyMultiplexer);

using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PrivateNetwork;

namespace P2PMiner.P2P.Network;

/// <summary>What we bring into the handshakes.</summary>
/// <param name="Key">Our identity.</param>
/// <param name="PreSharedKey">The key of a private network, or null.</param>
/// <param name="EarlyMultiplexer">Agree on the multiplexer inside Noise if the remote does too.</param>
/// <param name="Limits">Time-outs and sizes.</param>
internal sealed record UpgradeOptions(Ed25519KeyPair Key, PreSharedKey? PreSharedKey, bool EarlyMultiplexer, ConnectionLimits Limits);

using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Dht.Serving;

/// <summary>Who makes a request.</summary>
/// <param name="Peer">Proved by its connection.</param>
/// <param name="Scope">How far the address that it came from reaches.</param>
internal sealed record Asker(PeerId Peer, IpScope Scope);

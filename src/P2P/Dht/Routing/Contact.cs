using System.Net;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Routing;

/// <summary>A peer in the routing table.</summary>
/// <param name="Peer">Who.</param>
/// <param name="Key">Where in the key space.</param>
/// <param name="Group">What counts against the limit per group of addresses, if anything.</param>
/// <param name="LastSeen">When it was last known to answer.</param>
/// <param name="Failures">Requests to it that failed since then.</param>
internal sealed record Contact(PeerId Peer, KadKey Key, IPAddress? Group, DateTimeOffset LastSeen, int Failures = 0);

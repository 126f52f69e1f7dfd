using P2PMiner.P2P.Transport;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Network;

/// <summary>A connection after all handshakes, before anything was read from its multiplexer.</summary>
internal sealed record UpgradedChannel(ITransportConnection Raw, SecuredPeer Secured, YamuxSession Session);

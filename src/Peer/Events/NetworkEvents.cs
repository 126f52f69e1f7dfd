using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.Peer.Events;

/// <summary>Writes what happens to connections.</summary>
internal static class NetworkEvents
{
    public static void Write(Host host, JsonLines output)
    {
        host.ConnectionSecured += secured => output.Write("secured", new()
        {
            ["remotePeer"] = secured.RemotePeer.ToString(),
            ["direction"] = JsonValues.Text(secured.Direction),
            ["protocol"] = secured.Security,
            ["earlyMuxer"] = secured.EarlyMultiplexer,
            ["remoteMuxers"] = JsonValues.Texts(secured.RemoteMultiplexers),
        });
        host.Failed += error => output.Write("unhandled", new() { ["error"] = ErrorText.Of(error) });
        host.StreamFailed += failure => output.Write("streamError", new()
        {
            ["remotePeer"] = failure.Connection.RemotePeer.ToString(),
            ["protocol"] = failure.Protocol,
            ["error"] = ErrorText.Of(failure.Error),
        });
        INetwork network = host.Network;
        network.PeerConnected += peer => output.Write("peer:connect", new() { ["remotePeer"] = peer.ToString() });
        network.PeerDisconnected += peer => output.Write("peer:disconnect", new() { ["remotePeer"] = peer.ToString() });
        network.ConnectionOpened += connection => output.Write("connection:open", new() { ["conn"] = JsonValues.Connection(connection) });
        network.ConnectionClosed += connection => output.Write("connection:close", new() { ["conn"] = JsonValues.Connection(connection) });
        network.Identified += identified => WriteIdentified(host, identified, output);
    }

    // A push that leaves the protocols or the addresses out has not changed them.
    private static void WriteIdentified(Host host, IdentifiedPeer identified, JsonLines output) => output.Write("identify", new()
    {
        ["remotePeer"] = identified.Connection.RemotePeer.ToString(),
        ["protocols"] = JsonValues.Texts(identified.Protocols ?? host.Network.Peers.Protocols(identified.Connection.RemotePeer) ?? []),
        ["agentVersion"] = identified.AgentVersion,
        ["protocolVersion"] = identified.ProtocolVersion,
        ["observedAddr"] = identified.ObservedAddress?.ToString(),
        ["listenAddrs"] = JsonValues.Texts(identified.ListenAddresses ?? AnnouncedAddresses(host.Network.Peers, identified.Connection.RemotePeer)),
        ["signedPeerRecord"] = JsonValues.Record(identified.SignedRecord),
        ["publicKey"] = JsonValues.Hex(identified.Connection.RemoteKey.Encoded),
    });

    // The store also has what others say of a peer; what it signed it certainly announced.
    private static IEnumerable<Multiaddr> AnnouncedAddresses(PeerStore peers, PeerId peer)
    {
        IReadOnlyList<KnownAddress> known = peers.Find(peer)?.Addresses ?? [];
        bool hasSigned = known.Any(address => address.IsCertified);
        return known.Where(address => address.IsCertified || !hasSigned).Select(address => address.Address);
    }
}

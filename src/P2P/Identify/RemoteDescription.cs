using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Identify;

/// <summary>What a remote told of itself, as far as it may be believed. Parts that it left out are null.</summary>
/// <remarks>The remote has proved its key in the handshake; this is checked against it, everything else is only its word.</remarks>
internal sealed record RemoteDescription(
    IReadOnlyList<string>? Protocols,
    IReadOnlyList<Multiaddr>? Addresses,
    Multiaddr? Observed,
    string? AgentVersion,
    string? ProtocolVersion,
    PeerRecord? Record,
    byte[]? Envelope)
{
    /// <exception cref="ProtocolException">The message speaks of another peer.</exception>
    internal static RemoteDescription Read(Proto.Identify message, PublicKey remoteKey, PeerId remote, bool isPush)
    {
        if (message.HasPublicKey && !message.PublicKey.Span.SequenceEqual(remoteKey.Encoded))
            throw new ProtocolException("the identify message has the key of another peer");
        PeerRecord? record = null;
        if (message.HasSignedPeerRecord && !(PeerRecord.TryVerify(message.SignedPeerRecord.Span, out record) && record.Peer.Equals(remote)))
            record = null;
        string[] protocols = [.. message.Protocols
            .Where(static id => id.Length is > 0 and <= IdentifyProtocol.MaxTextLength)
            .Distinct()
            .Take(IdentifyProtocol.MaxProtocols)];
        Multiaddr[] addresses = [.. AddressesOf(message, remote)];
        Multiaddr? observed = null;
        if (message.HasObservedAddr)
            _ = Multiaddr.TryDecode(message.ObservedAddr.Span, out observed);
        return new RemoteDescription(
            isPush && protocols.Length == 0 ? null : protocols,
            isPush && addresses.Length == 0 ? null : addresses,
            observed?.WithoutPeer(),
            message.HasAgentVersion ? Cut(message.AgentVersion) : null,
            message.HasProtocolVersion ? Cut(message.ProtocolVersion) : null,
            record,
            record is null ? null : message.SignedPeerRecord.ToByteArray());
    }

    private static IEnumerable<Multiaddr> AddressesOf(Proto.Identify message, PeerId remote)
    {
        foreach (Google.Protobuf.ByteString bytes in message.ListenAddrs.Take(IdentifyProtocol.MaxAddresses))
        {
            if (!Multiaddr.TryDecode(bytes.Span, out Multiaddr? address))
                continue;
            if (address.WithoutPeer() is var plain && (plain.Equals(address) || remote.Equals(address.Peer)))
                yield return plain;
        }
    }

    private static string Cut(string text) => text.Length <= IdentifyProtocol.MaxTextLength ? text : text[..IdentifyProtocol.MaxTextLength];
}

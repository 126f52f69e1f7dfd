using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity.Proto;

namespace P2PMiner.P2P.Identity;

/// <summary>
/// A peer's addresses at one time (libp2p/specs, RFC/0003-routing-records.md), signed in an envelope (RFC/0002). Domain and type are
/// those that all implementations use; the RFC still prints older ones.
/// </summary>
/// <param name="Peer">Whose addresses they are.</param>
/// <param name="Sequence">Grows with every change.</param>
/// <param name="Addresses">Without /p2p.</param>
public sealed record PeerRecord(PeerId Peer, ulong Sequence, IReadOnlyList<Multiaddr> Addresses)
{
    /// <summary>The most addresses signed, or kept of a record from the network.</summary>
    public const int MaxAddresses = 64;

    /// <summary>The longest record taken, in bytes. Identify messages are limited to 8 KiB anyway.</summary>
    public const int MaxPayloadSize = 8 * 1024;

    /// <summary>The longest envelope taken, in bytes.</summary>
    public static readonly int MaxEnvelopeSize = SignedEnvelope.MaxSize(MaxPayloadSize);

    private const string Domain = "libp2p-peer-record";

    // The code 0x0301 of libp2p-peer-record in the table of codecs.
    private static ReadOnlySpan<byte> PayloadType => [0x03, 0x01];

    /// <summary>The signed envelope of this record. The first <see cref="MaxAddresses"/> addresses are in it.</summary>
    /// <exception cref="ArgumentException">The key is not the peer's.</exception>
    public byte[] Sign(Ed25519KeyPair key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.ToPublicKey().ToPeerId() != Peer)
            throw new ArgumentException("the key is another peer's", nameof(key));
        PeerRecordMessage message = new() { PeerId = ByteString.CopyFrom(Peer.Bytes), Seq = Sequence };
        foreach (Multiaddr address in Addresses.Take(MaxAddresses))
            message.Addresses.Add(new PeerRecordMessage.Types.AddressInfo { Multiaddr = ByteString.CopyFrom(address.Bytes.Span) });
        return SignedEnvelope.Seal(key, Domain, PayloadType, message.ToByteArray());
    }

    /// <summary>
    /// Verifies an envelope from the network: its signature, its type, and that the signer is the peer of the record. Addresses that are
    /// not understood or end in another peer, and those beyond <see cref="MaxAddresses"/>, are left out; the peer's /p2p is taken off.
    /// </summary>
    public static bool TryVerify(ReadOnlySpan<byte> envelope, [NotNullWhen(true)] out PeerRecord? record)
    {
        record = null;
        if (!SignedEnvelope.TryOpen(envelope, Domain, PayloadType, MaxPayloadSize, out PublicKey? signer, out ByteString? payload))
            return false;
        if (!TryParse(payload, out PeerRecordMessage? message) || !message.PeerId.Span.SequenceEqual(signer.ToPeerId().Bytes))
            return false;
        record = new PeerRecord(signer.ToPeerId(), message.Seq, DecodeAddresses(message, signer.ToPeerId()));
        return true;
    }

    private static bool TryParse(ByteString payload, [NotNullWhen(true)] out PeerRecordMessage? message)
    {
        try
        {
            message = PeerRecordMessage.Parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException)
        {
            // Foreign bytes, even if they are signed: that they are not a record is an answer, not an error.
            message = null;
        }
        return message is not null;
    }

    private static List<Multiaddr> DecodeAddresses(PeerRecordMessage message, PeerId peer)
    {
        List<Multiaddr> addresses = [];
        foreach (PeerRecordMessage.Types.AddressInfo info in message.Addresses)
        {
            if (addresses.Count == MaxAddresses)
                break;
            if (Multiaddr.TryDecode(info.Multiaddr.Span, out Multiaddr? address) && address.WithoutPeer() is Multiaddr plain
                && (plain.Equals(address) || address.Peer == peer))
                addresses.Add(plain);
        }
        return addresses;
    }
}

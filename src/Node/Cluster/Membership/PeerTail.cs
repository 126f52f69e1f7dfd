using System.Buffers.Binary;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Membership;

/// <summary>
/// The last 8 bytes of a peer id, which tell apart the members of a cluster where nothing depends on it: the end of an Ed25519
/// key, as good as random unless somebody makes it otherwise.
/// </summary>
/// <param name="Value">As a big-endian number.</param>
internal readonly record struct PeerTail(ulong Value)
{
    /// <summary>In bytes.</summary>
    public const int Size = sizeof(ulong);

    /// <summary>A peer id is never shorter than a tail: its shortest form is a hash or a key.</summary>
    public static PeerTail Of(PeerId peer) => new(BinaryPrimitives.ReadUInt64BigEndian(peer.Bytes[^Size..]));

    /// <summary>Those that stand one after another.</summary>
    /// <param name="bytes">A multiple of <see cref="Size"/>.</param>
    public static PeerTail[] ReadAll(ReadOnlySpan<byte> bytes)
    {
        PeerTail[] tails = new PeerTail[bytes.Length / Size];
        for (int i = 0; i < tails.Length; i++)
            tails[i] = new PeerTail(BinaryPrimitives.ReadUInt64BigEndian(bytes[(i * Size)..]));
        return tails;
    }

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt64BigEndian(destination, Value);
}

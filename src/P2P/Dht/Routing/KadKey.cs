using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Routing;

/// <summary>
/// A point of the 256-bit key space: the SHA-256 of a peer id's multihash or of a record's key
/// (libp2p/specs, kad-dht/README.md, "Distance"). The difference of two points is their XOR, again such a number.
/// </summary>
internal readonly record struct KadKey(ulong A, ulong B, ulong C, ulong D) : IComparable<KadKey>
{
    /// <summary>Bits of a point, and one more than the longest prefix that two different points share.</summary>
    internal const int Bits = 256;

    internal static KadKey Of(PeerId peer) => Of(peer.Bytes);

    internal static KadKey Of(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return FromHash(hash);
    }

    /// <param name="hash">32 bytes, the most significant first.</param>
    internal static KadKey FromHash(ReadOnlySpan<byte> hash) => new(
        BinaryPrimitives.ReadUInt64BigEndian(hash),
        BinaryPrimitives.ReadUInt64BigEndian(hash[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(hash[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(hash[24..]));

    internal KadKey DistanceTo(KadKey other) => new(A ^ other.A, B ^ other.B, C ^ other.C, D ^ other.D);

    /// <summary>The number of leading bits that two points have in common; 256 for a point and itself.</summary>
    internal int CommonPrefixLength(KadKey other)
    {
        KadKey distance = DistanceTo(other);
        if (distance.A != 0)
            return BitOperations.LeadingZeroCount(distance.A);
        if (distance.B != 0)
            return 64 + BitOperations.LeadingZeroCount(distance.B);
        return distance.C != 0
            ? 128 + BitOperations.LeadingZeroCount(distance.C)
            : 192 + BitOperations.LeadingZeroCount(distance.D);
    }

    public int CompareTo(KadKey other)
    {
        int order = A.CompareTo(other.A);
        if (order == 0)
            order = B.CompareTo(other.B);
        if (order == 0)
            order = C.CompareTo(other.C);
        return order != 0 ? order : D.CompareTo(other.D);
    }

    public static bool operator <(KadKey left, KadKey right) => left.CompareTo(right) < 0;

    public static bool operator >(KadKey left, KadKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(KadKey left, KadKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(KadKey left, KadKey right) => left.CompareTo(right) >= 0;
}

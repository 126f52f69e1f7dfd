using System.Security.Cryptography;

namespace P2PMiner.P2P.PubSub.Messages;

/// <summary>The author's public key: in the message, or else within the peer id (libp2p/specs, peer-ids/peer-ids.md, "Peer IDs").</summary>
internal static class AuthorKey
{
    private const byte IdentityCode = 0x00;
    private const byte Sha256Code = 0x12;

    /// <summary>Code and length.</summary>
    private const int MultihashHeader = 2;

    /// <summary>The encoded key; empty if neither holds one.</summary>
    internal static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> from, ReadOnlySpan<byte> key) =>
        !key.IsEmpty ? key : IsIdentity(from) ? from[MultihashHeader..] : default;

    /// <summary>True if the key is the one that the peer id was made of.</summary>
    internal static bool Matches(ReadOnlySpan<byte> from, ReadOnlySpan<byte> key)
    {
        if (IsIdentity(from))
            return from[MultihashHeader..].SequenceEqual(key);
        if (from.Length != MultihashHeader + SHA256.HashSizeInBytes || from[0] != Sha256Code || from[1] != SHA256.HashSizeInBytes)
            return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return from[MultihashHeader..].SequenceEqual(hash);
    }

    private static bool IsIdentity(ReadOnlySpan<byte> from) =>
        from.Length > MultihashHeader && from[0] == IdentityCode && from[1] == from.Length - MultihashHeader;
}

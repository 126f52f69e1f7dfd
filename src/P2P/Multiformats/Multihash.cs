using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace P2PMiner.P2P.Multiformats;

/// <summary>
/// A hash that says of which kind it is: varint function, varint length, digest (github.com/multiformats/multihash). Hashes of
/// functions not known here are carried, not computed.
/// </summary>
public sealed class Multihash : IEquatable<Multihash>
{
    /// <summary>The longest multihash taken, in bytes.</summary>
    public const int MaxSize = 2 * Varint.MaxLength + MaxDigestSize;

    /// <summary>The longest digest taken, in bytes; SHA-512 has 64.</summary>
    public const int MaxDigestSize = 128;

    private readonly byte[] _bytes;

    private Multihash(byte[] bytes) => _bytes = bytes;

    /// <summary>Function, length and digest.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The SHA-256 multihash of some data, 34 bytes.</summary>
    public static Multihash Sha256(ReadOnlySpan<byte> data) =>
        new([(byte)MultihashCode.Sha256, SHA256.HashSizeInBytes, .. SHA256.HashData(data)]);

    /// <summary>Decodes a multihash that takes all of <paramref name="bytes"/>; false if it is malformed or too long.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Multihash? hash)
    {
        hash = IsWellFormed(bytes) ? new Multihash(bytes.ToArray()) : null;
        return hash is not null;
    }

    public bool Equals(Multihash? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => Equals(obj as Multihash);

    public override int GetHashCode()
    {
        HashCode code = new();
        code.AddBytes(_bytes);
        return code.ToHashCode();
    }

    /// <summary>Lower-case hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(_bytes);

    /// <summary>Takes over bytes that are known to be a multihash.</summary>
    internal static Multihash FromTrusted(byte[] bytes) => new(bytes);

    private static bool IsWellFormed(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxSize || Varint.Read(bytes, out ulong function, out int consumed) != VarintStatus.Done)
            return false;
        bytes = bytes[consumed..];
        if (Varint.Read(bytes, out ulong length, out consumed) != VarintStatus.Done)
            return false;
        return length <= MaxDigestSize && length == (ulong)(bytes.Length - consumed)
            && (function != (ulong)MultihashCode.Sha256 || length == SHA256.HashSizeInBytes);
    }
}

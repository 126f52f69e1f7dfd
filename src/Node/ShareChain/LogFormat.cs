using System.Buffers.Binary;
using System.Numerics;
using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// The bytes of a <see cref="ShareLog"/>, integers little-endian:
/// <code>
/// header                             record
///   8  "P2PSHARE"                      4  length n of the payload, 1 to 4096
///   4  version, 2                      n  payload
///  32  genesis id                      4  CRC-32C of length and payload
///   4  CRC-32C of the above
/// </code>
/// CRC-32C (RFC 3720, 12.1) because the enemy is a torn or decayed write, not a forger: it finds every burst of up to 32
/// bits, and all but one in 2^32 of anything else, at the speed of one processor instruction per 8 bytes. Who can write
/// into the data directory could forge a cryptographic hash just as well.
/// </summary>
internal static class LogFormat
{
    /// <summary>Length of the file's header, in bytes.</summary>
    public const int HeaderSize = 8 + sizeof(uint) + Hash256.Size + sizeof(uint);

    /// <summary>The longest payload, in bytes.</summary>
    public const int MaxPayload = 4096;

    /// <summary>Bytes of a record beyond its payload.</summary>
    public const int RecordOverhead = 2 * sizeof(uint);

    private const uint Version = 2;

    private static ReadOnlySpan<byte> Magic => "P2PSHARE"u8;

    public static byte[] Header(Hash256 genesis)
    {
        var header = new byte[HeaderSize];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(Magic.Length), Version);
        genesis.CopyTo(header.AsSpan(Magic.Length + sizeof(uint)));
        WriteChecksum(header);
        return header;
    }

    /// <summary>Whether a file begins like a log of another version; <paramref name="version"/> is then which.</summary>
    public static bool IsOfOtherVersion(ReadOnlySpan<byte> header, out uint version)
    {
        version = 0;
        if (header.Length < HeaderSize || !header.StartsWith(Magic))
            return false;
        version = BinaryPrimitives.ReadUInt32LittleEndian(header[Magic.Length..]);
        ReadOnlySpan<byte> covered = header[..(HeaderSize - sizeof(uint))];
        return version != Version && BinaryPrimitives.ReadUInt32LittleEndian(header[covered.Length..]) == Checksum(covered);
    }

    /// <param name="payload">1 to <see cref="MaxPayload"/> bytes.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public static byte[] Record(ReadOnlySpan<byte> payload)
    {
        if (payload.Length is 0 or > MaxPayload)
            throw new ArgumentException($"a payload has 1 to {MaxPayload} bytes, not {payload.Length}", nameof(payload));
        var record = new byte[payload.Length + RecordOverhead];
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)payload.Length);
        payload.CopyTo(record.AsSpan(sizeof(uint)));
        WriteChecksum(record);
        return record;
    }

    /// <summary>Reads the record at the start of <paramref name="source"/>, if a whole and undamaged one is there.</summary>
    /// <param name="source">Bytes of any origin.</param>
    /// <param name="payload">Part of <paramref name="source"/>.</param>
    public static bool TryReadRecord(ReadOnlySpan<byte> source, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (source.Length < RecordOverhead)
            return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(source);
        if (length is 0 or > MaxPayload || length > (uint)(source.Length - RecordOverhead))
            return false;
        ReadOnlySpan<byte> covered = source[..(sizeof(uint) + (int)length)];
        if (BinaryPrimitives.ReadUInt32LittleEndian(source[covered.Length..]) != Checksum(covered))
            return false;
        payload = covered[sizeof(uint)..];
        return true;
    }

    /// <summary>CRC-32C as RFC 3720 has it: reflected, starting from all ones, inverted at the end.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    private static void WriteChecksum(Span<byte> bytes) =>
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[^sizeof(uint)..], Checksum(bytes[..^sizeof(uint)]));
}

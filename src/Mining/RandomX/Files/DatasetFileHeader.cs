using System.Buffers.Binary;
using System.Security.Cryptography;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Files;

/// <summary>
/// The parts of a dataset file around its items:
/// <code>
/// 0      8  magic "P2PMRXDS"
/// 8      4  format version, 2
/// 12     4  number of items
/// 16    32  RandomX key
/// 48     8  "rx/0" and zeros: the algorithm (rx/2 has the same datasets)
/// 56  4040  zero
/// 4096      items, 64 bytes each, and zeros up to a multiple of 4096
/// ...       of every chunk of 1 MiB of items the fingerprint, 64 bytes (AesHash1R; RandomX specification, chapter 3.4)
/// end-32    SHA-256 of the header and the fingerprints
/// </code>
/// Integers are little-endian. The fingerprint is no defence against somebody who can write the file, but much faster than one; against
/// such a one items are computed again, as they are of what others send.
/// </summary>
internal static class DatasetFileHeader
{
    internal const int Size = 4096;
    internal const int ChunkBytes = DatasetWorkers.ChunkItems * RandomXLibrary.DatasetItemSize;
    internal const int FingerprintSize = 64;

    private const int FormatVersion = 2;
    private const int VersionOffset = 8;
    private const int ItemsOffset = 12;
    private const int KeyOffset = 16;
    private const int AlgorithmOffset = 48;

    private static ReadOnlySpan<byte> Magic => "P2PMRXDS"u8;

    private static ReadOnlySpan<byte> Algorithm => "rx/0\0\0\0\0"u8;

    /// <summary>Offset of a chunk in the file.</summary>
    internal static long OffsetOf(int chunk) => Size + (long)chunk * ChunkBytes;

    /// <summary>Where the last chunks begin that a number of bytes is enough for.</summary>
    internal static long OffsetOfLast(long bytes, int items) => OffsetOf((int)Math.Max(0, DatasetWorkers.ChunkCount(items) - bytes / ChunkBytes));

    /// <summary>Bytes of a chunk in the file, of which the last ones may be zeros.</summary>
    internal static int PaddedLength(int chunk, int items) => (int)Math.Min(ChunkBytes, FooterOffset(items) - OffsetOf(chunk));

    internal static long FooterOffset(int items) => DirectFile.Align(Size + (long)items * RandomXLibrary.DatasetItemSize);

    internal static int FooterSize(int items) => DatasetWorkers.ChunkCount(items) * FingerprintSize + SHA256.HashSizeInBytes;

    internal static long FileSize(int items) => FooterOffset(items) + FooterSize(items);

    internal static byte[] Create(Hash256 key, int items)
    {
        var header = new byte[Size];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(VersionOffset), FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(ItemsOffset), items);
        key.CopyTo(header.AsSpan(KeyOffset));
        Algorithm.CopyTo(header.AsSpan(AlgorithmOffset));
        return header;
    }

    /// <summary>What is wrong with a header of 4096 bytes, or null.</summary>
    internal static string? Check(ReadOnlySpan<byte> header, Hash256 key, int items)
    {
        if (!header.StartsWith(Magic))
            return "it is not a dataset file";
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[VersionOffset..]);
        if (version != FormatVersion)
            return $"its format is {version}, not {FormatVersion}";
        if (BinaryPrimitives.ReadInt32LittleEndian(header[ItemsOffset..]) != items)
            return "it has another number of items";
        if (!header[AlgorithmOffset..].StartsWith(Algorithm))
            return "it is for another algorithm";
        return new Hash256(header.Slice(KeyOffset, Hash256.Size)) == key ? null : "it is for another key";
    }

    /// <summary>A chunk's fingerprint in the footer.</summary>
    internal static Span<byte> Fingerprint(byte[] footer, int chunk) => footer.AsSpan(chunk * FingerprintSize, FingerprintSize);

    /// <param name="chunk">As long as in the file.</param>
    /// <param name="fingerprint">64 bytes.</param>
    internal static void TakeFingerprint(ReadOnlySpan<byte> chunk, Span<byte> fingerprint) => AesHash1R.Hash(chunk, fingerprint);

    /// <summary>What the footer ends with.</summary>
    internal static byte[] Digest(byte[] header, byte[] footer)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        hash.AppendData(footer.AsSpan()[..^SHA256.HashSizeInBytes]);
        return hash.GetHashAndReset();
    }
}

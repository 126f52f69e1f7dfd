using System.Buffers.Binary;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>
/// The parts of a dataset file around its items:
/// <code>
/// 0      8  magic "P2PMRXDS"
/// 8      4  format version, 1
/// 12     4  number of items
/// 16    32  RandomX key
/// 48  4048  zero
/// 4096      items, 64 bytes each
/// ...       SHA-256 of every chunk of 1 MiB of items, 32 bytes each
/// end-32    SHA-256 of the header and the chunks' hashes
/// </code>
/// Integers are little-endian.
/// </summary>
internal static class DatasetFileHeader
{
    internal const int Size = 4096;
    internal const int HashSize = 32;

    private const int FormatVersion = 1;
    private const int VersionOffset = 8;
    private const int ItemsOffset = 12;
    private const int KeyOffset = 16;

    private static ReadOnlySpan<byte> Magic => "P2PMRXDS"u8;

    /// <summary>Offset of an item in the file; of the chunks' hashes when <paramref name="item"/> is the number of items.</summary>
    internal static long OffsetOf(int item) => Size + (long)item * RandomXLibrary.DatasetItemSize;

    /// <summary>Length of the hashes behind the items, with the last one over header and hashes.</summary>
    internal static int FooterSize(int items) => (DatasetWorkers.ChunkCount(items) + 1) * HashSize;

    internal static long FileSize(int items) => OffsetOf(items) + FooterSize(items);

    internal static byte[] Create(Hash256 key, int items)
    {
        var header = new byte[Size];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(VersionOffset), FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(ItemsOffset), items);
        key.CopyTo(header.AsSpan(KeyOffset));
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
        return new Hash256(header.Slice(KeyOffset, Hash256.Size)) == key ? null : "it is for another key";
    }
}

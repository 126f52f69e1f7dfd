using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Mining.RandomX.Files;

/// <summary>
/// Writes one dataset file, chunk by chunk in any order. It appears under its name when it is whole and on the disk, and not before; what
/// is disposed before leaves nothing behind. What a killed process leaves has another name.
/// </summary>
internal sealed class DatasetFileWriter : IDisposable
{
    /// <summary>Follows the name of a file that is not whole.</summary>
    internal const string TemporarySuffix = ".tmp";

    private readonly string _path;
    private readonly int _items;
    private readonly DirectFile _file;
    private readonly byte[] _header;
    private readonly byte[] _footer;

    /// <param name="path">Of the file.</param>
    /// <param name="key">The dataset's.</param>
    /// <param name="items">Of the dataset.</param>
    /// <param name="spareBytes">Of its last chunks, which the system's file cache may keep.</param>
    /// <exception cref="IOException">Such as a full disk: room for all of it is taken at once.</exception>
    internal DatasetFileWriter(string path, Hash256 key, int items, long spareBytes)
    {
        _path = path;
        _items = items;
        _header = DatasetFileHeader.Create(key, items);
        _footer = new byte[DatasetFileHeader.FooterSize(items)];
        SafeFileHandle file = File.OpenHandle(
            path + TemporarySuffix, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, FileOptions.None, DatasetFileHeader.FileSize(items));
        _file = new DirectFile(file, path + TemporarySuffix, FileAccess.Write, DatasetFileHeader.OffsetOfLast(spareBytes, items));
    }

    /// <summary>Writes a chunk. Threads may write different ones at the same time.</summary>
    /// <param name="chunk">Its number.</param>
    /// <param name="buffer">The chunk, and what does not belong to it behind, which is overwritten.</param>
    internal void Write(int chunk, ChunkBuffer buffer)
    {
        int items = Math.Min(DatasetWorkers.ChunkItems, _items - chunk * DatasetWorkers.ChunkItems);
        Span<byte> bytes = buffer.Bytes[..DatasetFileHeader.PaddedLength(chunk, _items)];
        bytes[(items * Native.RandomXLibrary.DatasetItemSize)..].Clear();
        DatasetFileHeader.TakeFingerprint(bytes, DatasetFileHeader.Fingerprint(_footer, chunk));
        _file.Write(bytes, DatasetFileHeader.OffsetOf(chunk));
    }

    /// <summary>Ends the file when all chunks are written, and gives it its name. Who finds that name must find a whole file, so it comes after the sync.</summary>
    internal void Commit()
    {
        DatasetFileHeader.Digest(_header, _footer).CopyTo(_footer.AsSpan()[^SHA256.HashSizeInBytes..]);
        RandomAccess.Write(_file.Cached, _footer, DatasetFileHeader.FooterOffset(_items));
        RandomAccess.Write(_file.Cached, _header, 0);
        RandomAccess.FlushToDisk(_file.Cached);
        _file.Dispose();
        File.Move(_path + TemporarySuffix, _path, overwrite: true);
    }

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_path + TemporarySuffix);
    }
}

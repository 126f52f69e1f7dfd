using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Mining.RandomX.Files;

/// <summary>Reads one dataset file, chunk by chunk in any order, by any number of threads.</summary>
internal sealed class DatasetFileReader : IDisposable
{
    private readonly DirectFile _file;
    private readonly int _items;
    private readonly byte[] _footer;

    private DatasetFileReader(DirectFile file, int items, byte[] footer)
    {
        _file = file;
        _items = items;
        _footer = footer;
    }

    /// <param name="path">Of the file.</param>
    /// <param name="key">The dataset's.</param>
    /// <param name="items">Of the dataset.</param>
    /// <param name="spareBytes">As when it was written.</param>
    /// <exception cref="InvalidDataException">It is another kind of file, or its end is damaged; the message is a clause for the user.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static DatasetFileReader Open(string path, Hash256 key, int items, long spareBytes)
    {
        SafeFileHandle file = File.OpenHandle(path);
        try
        {
            var header = new byte[DatasetFileHeader.Size];
            var footer = new byte[DatasetFileHeader.FooterSize(items)];
            if (RandomAccess.GetLength(file) != DatasetFileHeader.FileSize(items))
                throw new InvalidDataException("it has another length");
            DirectFile.ReadExactly(file, header, 0);
            if (DatasetFileHeader.Check(header, key, items) is string flaw)
                throw new InvalidDataException(flaw);
            DirectFile.ReadExactly(file, footer, DatasetFileHeader.FooterOffset(items));
            if (!DatasetFileHeader.Digest(header, footer).AsSpan().SequenceEqual(footer.AsSpan()[^SHA256.HashSizeInBytes..]))
                throw new InvalidDataException("its checksums are damaged");
            return new DatasetFileReader(
                new DirectFile(file, path, FileAccess.Read, DatasetFileHeader.OffsetOfLast(spareBytes, items)), items, footer);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a chunk.</summary>
    /// <param name="chunk">Its number.</param>
    /// <param name="place">As long as the chunk.</param>
    /// <param name="buffer">Used where a place does not fit for reading past the system's file cache.</param>
    /// <returns>False when it is not what was written.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal bool TryRead(int chunk, Span<byte> place, Lazy<ChunkBuffer> buffer)
    {
        int length = DatasetFileHeader.PaddedLength(chunk, _items);
        bool fits = place.Length == length && DirectFile.Fits(place);
        Span<byte> bytes = fits ? place : buffer.Value.Bytes[..length];
        _file.ReadExactly(bytes, DatasetFileHeader.OffsetOf(chunk));
        Span<byte> fingerprint = stackalloc byte[DatasetFileHeader.FingerprintSize];
        DatasetFileHeader.TakeFingerprint(bytes, fingerprint);
        if (!fits)
            bytes[..place.Length].CopyTo(place);
        return fingerprint.SequenceEqual(DatasetFileHeader.Fingerprint(_footer, chunk));
    }

    public void Dispose() => _file.Dispose();
}

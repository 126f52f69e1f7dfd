using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>
/// Keeps datasets on disk (<c>--dataset-cache DIR</c>), one file of 2080 MiB per key. A file is complete and unharmed or
/// it is not used: it appears under its name only when it is written and synced, and every byte is covered by SHA-256,
/// which the framework has in hardware nearly everywhere and which leaves nothing to doubt.
/// </summary>
public sealed class DatasetFile
{
    private const string Prefix = "randomx-";
    private const string Suffix = ".dataset";
    private const string TemporarySuffix = ".tmp";

    // Left free on the disk beside the file.
    private const long DiskReserve = 256L << 20;

    private readonly string _directory;
    private readonly ILogger _log;
    private readonly int _items;

    /// <param name="directory">Created when it is missing.</param>
    /// <param name="log">Gets one line for every file that is ignored or cannot be written.</param>
    public DatasetFile(string directory, ILogger log)
        : this(directory, log, RandomXLibrary.DatasetItemCount)
    {
    }

    internal DatasetFile(string directory, ILogger log, int items)
    {
        _directory = directory;
        _log = log;
        _items = items;
    }

    /// <summary>Where the dataset of a key is kept.</summary>
    public string PathOf(Hash256 key) => Path.Combine(_directory, $"{Prefix}{key}{Suffix}");

    /// <summary>Fills a dataset from the key's file. The dataset is not declared complete.</summary>
    /// <returns>False when there is no file, or none that is whole; the items then have any value.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal async Task<bool> TryLoadAsync(
        Hash256 key, RandomXDataset dataset, DatasetWorkers workers, Action<DatasetProgress>? progress, CancellationToken cancellation)
    {
        string path = PathOf(key);
        if (!File.Exists(path))
            return false;
        string? flaw;
        try
        {
            flaw = await LoadAsync(path, key, dataset, workers, progress, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            flaw = e.Message;
        }
        if (flaw is null)
            return true;
        _log.LogWarning("Ignoring dataset file {Path}: {Flaw}", path, flaw);
        return false;
    }

    /// <summary>
    /// Writes a complete dataset, and deletes files of keys that are not in <paramref name="keep"/>. Failures are
    /// logged in one line.
    /// </summary>
    /// <returns>Whether the file is there now.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left behind.</exception>
    internal async Task<bool> TrySaveAsync(
        Hash256 key, RandomXDataset dataset, IReadOnlyCollection<Hash256> keep, CancellationToken cancellation)
    {
        string path = PathOf(key);
        try
        {
            Directory.CreateDirectory(_directory);
            DeleteOthers([.. keep, key]);
            long free = new DriveInfo(Path.GetFullPath(_directory)).AvailableFreeSpace;
            long needed = DatasetFileHeader.FileSize(_items) + DiskReserve;
            if (free < needed)
            {
                _log.LogWarning(
                    "Not keeping the dataset in {Directory}: {Free} MiB free, {Needed} MiB needed; free some space or choose another --dataset-cache",
                    _directory, free >> 20, needed >> 20);
                return false;
            }
            await Task.Factory.StartNew(
                () => Write(path, key, dataset, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            _log.LogWarning("Cannot keep the dataset in {Path}: {Reason}", path, e.Message);
            return false;
        }
    }

    private async Task<string?> LoadAsync(
        string path, Hash256 key, RandomXDataset dataset, DatasetWorkers workers, Action<DatasetProgress>? progress, CancellationToken cancellation)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
        if (RandomAccess.GetLength(file) != DatasetFileHeader.FileSize(_items))
            return "it is not complete";
        var header = new byte[DatasetFileHeader.Size];
        var footer = new byte[DatasetFileHeader.FooterSize(_items)];
        ReadExactly(file, header, 0);
        if (DatasetFileHeader.Check(header, key, _items) is string flaw)
            return flaw;
        ReadExactly(file, footer, DatasetFileHeader.OffsetOf(_items));
        if (!Digest(header, footer).AsSpan().SequenceEqual(footer.AsSpan()[^DatasetFileHeader.HashSize..]))
            return "its checksums are damaged";

        int damaged = 0;
        await workers.RunAsync(
            _items,
            (first, count) =>
            {
                using DatasetItems chunk = dataset.BorrowForWriting(first, count);
                ReadExactly(file, chunk.Bytes, DatasetFileHeader.OffsetOf(first));
                if (!ChunkHash(chunk.Bytes).AsSpan().SequenceEqual(StoredHash(footer, first)))
                    Interlocked.Increment(ref damaged);
            },
            progress,
            cancellation);
        return damaged == 0 ? null : $"{damaged} MiB of it are damaged";
    }

    // A reader must never see an unfinished file under the final name, so the rename comes after the sync.
    private void Write(string path, Hash256 key, RandomXDataset dataset, CancellationToken cancellation)
    {
        string temporary = path + TemporarySuffix;
        try
        {
            WriteAndSync(temporary, key, dataset, cancellation);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private void WriteAndSync(string path, Hash256 key, RandomXDataset dataset, CancellationToken cancellation)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] header = DatasetFileHeader.Create(key, _items);
        var footer = new byte[DatasetFileHeader.FooterSize(_items)];
        file.Write(header);
        for (int first = 0; first < _items; first += DatasetWorkers.ChunkItems)
        {
            cancellation.ThrowIfCancellationRequested();
            using DatasetItems chunk = dataset.Borrow(first, Math.Min(DatasetWorkers.ChunkItems, _items - first));
            ChunkHash(chunk.Bytes).CopyTo(StoredHash(footer, first));
            file.Write(chunk.Bytes);
        }
        Digest(header, footer).CopyTo(footer.AsSpan()[^DatasetFileHeader.HashSize..]);
        file.Write(footer);
        file.Flush(flushToDisk: true);
    }

    private void DeleteOthers(IReadOnlyCollection<Hash256> keep)
    {
        HashSet<string> names = [.. keep.Select(PathOf)];
        foreach (string path in Directory.EnumerateFiles(_directory, $"{Prefix}*{Suffix}"))
        {
            if (!names.Contains(path))
                File.Delete(path);
        }
        foreach (string path in Directory.EnumerateFiles(_directory, $"{Prefix}*{Suffix}{TemporarySuffix}"))
            File.Delete(path);
    }

    private static byte[] ChunkHash(ReadOnlySpan<byte> chunk) => SHA256.HashData(chunk);

    private static Span<byte> StoredHash(byte[] footer, int firstItem) =>
        footer.AsSpan(firstItem / DatasetWorkers.ChunkItems * DatasetFileHeader.HashSize, DatasetFileHeader.HashSize);

    private static byte[] Digest(byte[] header, byte[] footer)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        hash.AppendData(footer.AsSpan()[..^DatasetFileHeader.HashSize]);
        return hash.GetHashAndReset();
    }

    private static void ReadExactly(Microsoft.Win32.SafeHandles.SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (destination.Length > 0)
        {
            int read = RandomAccess.Read(file, destination, offset);
            if (read == 0)
                throw new EndOfStreamException("it ended early");
            destination = destination[read..];
            offset += read;
        }
    }
}

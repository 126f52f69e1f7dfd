using Microsoft.Extensions.Logging;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Files;

/// <summary>
/// Keeps datasets on disk, one file of 2080 MiB per key. A file appears under its name only when it is whole, and what it
/// holds is checked when it is read; without one, or with a damaged one, all is computed.
/// </summary>
public sealed class DatasetFile
{
    private const string Prefix = "randomx-";
    private const string Suffix = ".dataset";

    private readonly string _directory;
    private readonly long _diskReserve;
    private readonly long _spareBytes;
    private readonly ILogger _log;
    private readonly int _items;

    /// <param name="directory">Created when it is missing.</param>
    /// <param name="diskReserve">Bytes that are left free on the disk beside a file.</param>
    /// <param name="spareBytes">Memory that nobody needs as it seems, which the system may use to keep a part of a file.</param>
    /// <param name="log">Gets one line for every file that is ignored or cannot be written.</param>
    /// <param name="items">Of a dataset; fewer than all only in tests.</param>
    internal DatasetFile(string directory, long diskReserve, long spareBytes, ILogger log, int items)
    {
        _directory = directory;
        _diskReserve = diskReserve;
        _spareBytes = spareBytes;
        _log = log;
        _items = items;
    }

    /// <summary>Deletes all files of a directory in which none are kept any more, and the directory when nothing else is in it.</summary>
    /// <exception cref="IOException">Something cannot be deleted, which harms nothing.</exception>
    /// <exception cref="UnauthorizedAccessException">As before.</exception>
    public static void DeleteAll(string directory)
    {
        if (!Directory.Exists(directory))
            return;
        DeleteAllBut(directory, []);
        if (!Directory.EnumerateFileSystemEntries(directory).Any())
            Directory.Delete(directory);
    }

    /// <summary>Where the dataset of a key is kept.</summary>
    internal string PathOf(Hash256 key) => Path.Combine(_directory, $"{Prefix}{key}{Suffix}");

    /// <summary>Opens the file of a key, and deletes one that is of no use.</summary>
    /// <returns>Null when there is none.</returns>
    internal DatasetFileReader? TryOpen(Hash256 key)
    {
        string path = PathOf(key);
        if (!File.Exists(path))
            return null;
        try
        {
            return DatasetFileReader.Open(path, key, _items, _spareBytes);
        }
        catch (InvalidDataException e)
        {
            Discard(key, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.LogWarning("Ignoring dataset file {Path}: {Flaw}", path, e.Message);
        }
        return null;
    }

    /// <summary>Deletes the file of a key, if there is one.</summary>
    /// <param name="key">The key.</param>
    /// <param name="flaw">Why, a clause for the user.</param>
    internal void Discard(Hash256 key, string flaw)
    {
        string path = PathOf(key);
        if (!File.Exists(path))
            return;
        _log.LogWarning("Deleting dataset file {Path}: {Flaw}", path, flaw);
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.LogWarning("Cannot delete dataset file {Path}: {Reason}", path, e.Message);
        }
    }

    /// <summary>Writes a complete dataset. Files of keys that are not in <paramref name="keep"/> are deleted. Failures are logged in one line.</summary>
    /// <returns>Whether the file is there now.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left behind.</exception>
    internal Task<bool> TrySaveAsync(
        Hash256 key, RandomXDataset dataset, IReadOnlyCollection<Hash256> keep, DatasetWorkers workers, CancellationToken cancellation) =>
        TryWriteAsync(key, keep, workers, dataset.CopyItems, cancellation);

    /// <summary>As <see cref="TrySaveAsync"/>, of a dataset that is computed for it and is never in memory as a whole.</summary>
    /// <param name="cache">Computes anywhere (<see cref="IRandomXCache.TryComputeItems"/>); stays alive until the task has ended.</param>
    /// <param name="keep">Keys whose files stay.</param>
    /// <param name="workers">Compute and write.</param>
    /// <param name="cancellation">Leaves nothing behind.</param>
    internal Task<bool> TryComputeAsync(
        IRandomXCache cache, IReadOnlyCollection<Hash256> keep, DatasetWorkers workers, CancellationToken cancellation) =>
        TryWriteAsync(new Hash256(cache.Key), keep, workers, (first, items) => cache.TryComputeItems(first, items), cancellation);

    private delegate void Fill(int firstItem, Span<byte> items);

    private async Task<bool> TryWriteAsync(
        Hash256 key, IReadOnlyCollection<Hash256> keep, DatasetWorkers workers, Fill fill, CancellationToken cancellation)
    {
        string path = PathOf(key);
        try
        {
            Directory.CreateDirectory(_directory);
            DeleteAllBut(_directory, [.. keep.Append(key).Select(PathOf)]);
            if (!HasRoom())
                return false;
            using DatasetFileWriter file = new(path, key, _items, _spareBytes);
            using ThreadLocal<ChunkBuffer> buffers = new(() => new ChunkBuffer());
            await workers.RunAsync(
                _items,
                (first, count) =>
                {
                    ChunkBuffer buffer = buffers.Value!;
                    fill(first, buffer.Bytes[..(count * RandomXLibrary.DatasetItemSize)]);
                    file.Write(first / DatasetWorkers.ChunkItems, buffer);
                },
                progress: null, cancellation);
            await Task.Run(file.Commit, cancellation);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            _log.LogWarning("Cannot keep the dataset in {Path}: {Reason}", path, e.Message);
            return false;
        }
    }

    private bool HasRoom()
    {
        long free = new DriveInfo(Path.GetFullPath(_directory)).AvailableFreeSpace;
        long needed = DatasetFileHeader.FileSize(_items) + _diskReserve;
        if (free >= needed)
            return true;
        _log.LogWarning(
            "Not keeping the dataset in {Directory}: {Free} MiB free, {Needed} MiB needed; free some space, or choose another directory with --dataset-cache, or off",
            _directory, free >> 20, needed >> 20);
        return false;
    }

    private static void DeleteAllBut(string directory, HashSet<string> kept)
    {
        foreach (string path in Directory.EnumerateFiles(directory, $"{Prefix}*{Suffix}"))
        {
            if (!kept.Contains(path))
                File.Delete(path);
        }
        foreach (string path in Directory.EnumerateFiles(directory, $"{Prefix}*{Suffix}{DatasetFileWriter.TemporarySuffix}"))
            File.Delete(path);
    }
}

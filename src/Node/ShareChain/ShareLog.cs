using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// An append-only file of checksummed records (<see cref="LogFormat"/>). Every record is handed to the operating system
/// in one write before <see cref="Append"/> returns, so a killed process loses no complete record; <see cref="Flush"/>
/// makes them safe from a power failure. One writer per file: the caller holds a <see cref="DataDirectoryLock"/>. Safe
/// for any number of threads.
/// </summary>
internal sealed class ShareLog : IDisposable
{
    /// <summary>The largest file that is read, in bytes. <see cref="ChainStore"/> keeps its files well below.</summary>
    public const int MaxFileSize = 256 << 20;

    /// <summary>How many damaged files are kept aside; a further one replaces the last.</summary>
    public const int MaxDamagedFiles = 8;

    private readonly string _path;
    private readonly Hash256 _genesis;
    private readonly Lock _lock = new();
    private readonly Lock _flushLock = new();
    private SafeFileHandle _file;
    private volatile bool _dirty;

    private ShareLog(string path, Hash256 genesis, SafeFileHandle file)
    {
        _path = path;
        _genesis = genesis;
        _file = file;
        Length = RandomAccess.GetLength(file);
    }

    /// <summary>Bytes in the file.</summary>
    public long Length { get; private set; }

    /// <summary>
    /// Opens or creates a log and reads what is in it. A torn tail is cut off. A file that is damaged before its tail is
    /// copied to <c>.damaged-N</c> beside it and written anew with the records that <paramref name="reader"/> took.
    /// </summary>
    /// <param name="path">The file; its directory exists.</param>
    /// <param name="genesis">The genesis id of the chain; a file with another one counts as damaged.</param>
    /// <param name="reader">Called for every good record, in order.</param>
    /// <param name="logger">Hears of tails and damage.</param>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read or write the file.</exception>
    public static ShareLog Open(string path, Hash256 genesis, RecordReader reader, ILogger logger)
    {
        byte[] header = LogFormat.Header(genesis);
        byte[] file = Read(path);
        bool ours = file.AsSpan().StartsWith(header);
        if (!ours && header.AsSpan().StartsWith(file))
        {
            WriteAtomically(path, header, []);
            return new ShareLog(path, genesis, OpenFile(path));
        }
        LogRecovery recovery = LogRecovery.Read(file, ours ? LogFormat.HeaderSize : 0, reader);
        if (!ours || recovery.LostBytes > 0)
        {
            string aside = KeepAside(path);
            logger.LogWarning(
                "Share log {Path} was damaged: {Kept} records recovered; the damaged file is kept as {Aside}", path, recovery.Kept.Count, aside);
            WriteAtomically(path, header, recovery.Kept.Select(range => file[range]));
        }
        var log = new ShareLog(path, genesis, OpenFile(path));
        if (ours && recovery.LostBytes == 0 && recovery.End < file.Length)
        {
            logger.LogWarning("Share log {Path} ended in an incomplete record: {Bytes} bytes cut off", path, file.Length - recovery.End);
            log.Cut(recovery.End);
        }
        return log;
    }

    /// <summary>Adds a record.</summary>
    /// <param name="payload">1 to <see cref="LogFormat.MaxPayload"/> bytes.</param>
    /// <exception cref="IOException">The record could not be written, for example on a full disk; the log is as before.</exception>
    public void Append(ReadOnlySpan<byte> payload)
    {
        byte[] record = LogFormat.Record(payload);
        lock (_lock)
        {
            // A write that failed half-way left Length as it was, so this one overwrites what it left behind.
            RandomAccess.Write(_file, record, Length);
            Length += record.Length;
            _dirty = true;
        }
    }

    /// <summary>Replaces the content. At any moment the file is either the old one or the new one, as a whole.</summary>
    /// <exception cref="IOException">The new file could not be written; the old one is still in use.</exception>
    public void Replace(IEnumerable<byte[]> payloads)
    {
        lock (_lock)
        {
            WriteAtomically(_path, LogFormat.Header(_genesis), payloads);
            lock (_flushLock)
            {
                SafeFileHandle old = _file;
                _file = OpenFile(_path);
                old.Dispose();
                _dirty = false;
            }
            Length = RandomAccess.GetLength(_file);
        }
    }

    /// <summary>Has the operating system put everything appended so far on the disk (fsync). Does not hold up appending.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Flush()
    {
        lock (_flushLock)
        {
            if (!_dirty || _file.IsClosed)
                return;
            _dirty = false;
            RandomAccess.FlushToDisk(_file);
        }
    }

    /// <summary>Flushes and closes.</summary>
    public void Dispose()
    {
        Flush();
        lock (_lock)
        {
            lock (_flushLock)
                _file.Dispose();
        }
    }

    private static byte[] Read(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists)
            return [];
        if (info.Length <= MaxFileSize)
            return File.ReadAllBytes(path);
        throw new IOException($"share log {path} has {info.Length} bytes, more than this program ever writes: move it away");
    }

    private static SafeFileHandle OpenFile(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);

    private void Cut(long length)
    {
        RandomAccess.SetLength(_file, length);
        RandomAccess.FlushToDisk(_file);
        Length = length;
    }

    private static string KeepAside(string path)
    {
        string[] names = [.. Enumerable.Range(1, MaxDamagedFiles).Select(n => $"{path}.damaged-{n}")];
        string aside = Array.Find(names, name => !File.Exists(name)) ?? names[^1];
        File.Copy(path, aside, overwrite: true);
        return aside;
    }

    private static void WriteAtomically(string path, byte[] header, IEnumerable<byte[]> payloads)
    {
        string temporary = path + ".tmp";
        try
        {
            using var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None);
            stream.Write(header);
            foreach (byte[] payload in payloads)
                stream.Write(LogFormat.Record(payload));
            stream.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // On a full disk, half a new file would keep the space that the old one needs.
            File.Delete(temporary);
            throw;
        }
        File.Move(temporary, path, overwrite: true);
    }
}

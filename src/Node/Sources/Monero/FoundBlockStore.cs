using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// The folder of found blocks whose fate is open. <c>rejected/</c> in it keeps the last of what daemons refused, <c>damaged/</c>
/// what could not be read.
/// </summary>
internal sealed class FoundBlockStore(string directory, ILogger logger)
{
    /// <summary>Files in <c>rejected/</c>, the newest: only a person looks at them, and a member can have this node find useless blocks.</summary>
    public const int MaxRejected = 100;

    private const string Extension = ".json";
    private const string TemporaryExtension = ".tmp";

    private readonly Lock _lock = new();
    private readonly string _rejected = Path.Combine(directory, "rejected");
    private readonly string _damaged = Path.Combine(directory, "damaged");

    /// <summary>Writes the block so that it survives a crash at any moment after the return.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder does not take it.</exception>
    public void Save(FoundBlock block)
    {
        lock (_lock)
            Write(directory, block, null);
    }

    /// <summary>Whether the block's fate is open.</summary>
    public bool Contains(FoundBlock block) => File.Exists(PathOf(directory, block));

    /// <summary>Forgets the block.</summary>
    /// <exception cref="IOException">The file cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public void Remove(FoundBlock block)
    {
        if (Directory.Exists(directory))
            File.Delete(PathOf(directory, block));
    }

    /// <summary>Moves the block to <c>rejected/</c> and writes down why.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder does not take it.</exception>
    public void MarkRejected(FoundBlock block, string reason)
    {
        lock (_lock)
        {
            Write(_rejected, block, reason);
            foreach (FileInfo old in new DirectoryInfo(_rejected).GetFiles().OrderByDescending(file => file.LastWriteTimeUtc).Skip(MaxRejected))
                old.Delete();
        }
        Remove(block);
    }

    /// <summary>
    /// The blocks whose fate is open, oldest first. A temporary file that is complete, left by a crash before its renaming,
    /// counts; what cannot be read goes to <c>damaged/</c> with a warning.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public IReadOnlyList<FoundBlock> Load()
    {
        lock (_lock)
            return Directory.Exists(directory) ? LoadAll() : [];
    }

    /// <summary>Does what needs the folder, which may fail: one line in the log then, and the node goes on without.</summary>
    public void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.LogError("The folder {Directory} of found blocks cannot be used: {Error}", directory, exception.Message);
        }
    }

    private FoundBlock[] LoadAll()
    {
        var blocks = new Dictionary<Hash256, FoundBlock>();
        foreach (string path in Directory.EnumerateFiles(directory))
        {
            if (Path.GetExtension(path) is not (Extension or TemporaryExtension))
                continue;
            if (!TryRead(path, out FoundBlock? block, out string error))
                SetAside(path, error);
            else if (blocks.TryAdd(block.Id, block) && path != PathOf(directory, block))
                File.Move(path, PathOf(directory, block), overwrite: true);
        }
        return [.. blocks.Values.OrderBy(block => block.FoundAt)];
    }

    private static bool TryRead(string path, [NotNullWhen(true)] out FoundBlock? block, out string error)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length > FoundBlockFile.MaxSize)
        {
            block = null;
            error = $"{file.Length} bytes is too long";
            return false;
        }
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return FoundBlockFile.TryDecode(bytes, out block, out error);
    }

    private static void Write(string folder, FoundBlock block, string? reason)
    {
        Directory.CreateDirectory(folder);
        string path = PathOf(folder, block);
        string temporary = Path.ChangeExtension(path, TemporaryExtension);
        using (FileStream file = File.Create(temporary))
        {
            file.Write(FoundBlockFile.Encode(block, reason));
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    private static string PathOf(string folder, FoundBlock block) => Path.Combine(folder, $"{block.Height}-{block.Id}{Extension}");

    private void SetAside(string path, string error)
    {
        Directory.CreateDirectory(_damaged);
        string target = Path.Combine(_damaged, Path.GetFileName(path));
        File.Move(path, target, overwrite: true);
        logger.LogWarning("A file of a found block is damaged ({Error}); it was moved to {Path}", error, target);
    }
}

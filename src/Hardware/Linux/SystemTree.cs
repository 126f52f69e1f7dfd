using System.Globalization;
using System.Text;

namespace P2PMiner.Hardware.Linux;

/// <summary>
/// Reads small text files of /proc and /sys below a root folder. A file that is missing, unreadable or too large is
/// null; what that means for a field is noted by the reader of the field.
/// </summary>
/// <param name="root">The folder that stands for "/".</param>
internal sealed class SystemTree(string root)
{
    /// <summary>Far above any file of /sys: one value, or a list of at most <see cref="CpuList.MaxCpus"/> CPUs.</summary>
    public const int MaxValueBytes = 64 << 10;

    /// <summary>/proc/cpuinfo takes about 1.5 KiB per CPU; it and /proc/self/mountinfo are the longest files read.</summary>
    public const int MaxTableBytes = 16 << 20;

    /// <summary>One note per field is the rule; a badly damaged tree must not fill the screen either.</summary>
    private const int MaxNotes = 32;

    private readonly List<string> _notes = [];

    public IReadOnlyList<string> Notes => _notes;

    public void Note(string sentence)
    {
        if (_notes.Count < MaxNotes && !_notes.Contains(sentence))
            _notes.Add(sentence);
    }

    /// <summary>The file's text without surrounding white space; null when it cannot be had or is empty.</summary>
    public string? ReadText(string path, int maxBytes = MaxValueBytes)
    {
        // Much of what is looked for is missing everywhere, and an exception costs far more than a look.
        string place = Locate(path);
        if (!File.Exists(place))
            return null;
        try
        {
            using FileStream file = new(place, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            using MemoryStream bytes = new();
            byte[] block = new byte[4096];
            int read;
            while ((read = file.Read(block)) > 0)
            {
                if (bytes.Length + read > maxBytes)
                    return null;
                bytes.Write(block, 0, read);
            }
            string text = Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length).Trim();
            return text.Length == 0 ? null : text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A decimal number from 0 up; null when the file holds anything else.</summary>
    public long? ReadNumber(string path) => ParseNumber(ReadText(path));

    /// <summary>CPUs as the kernel lists them; null when the file holds anything else.</summary>
    public IReadOnlyList<int>? ReadCpuList(string path) => CpuList.TryParse(ReadText(path), out int[] cpus) ? cpus : null;

    /// <summary>Names of the entries that are folders, or links to folders; empty when the folder cannot be had.</summary>
    public IReadOnlyList<string> Folders(string path)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(Locate(path)).Select(found => Path.GetFileName(found)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public bool FolderExists(string path) => Directory.Exists(Locate(path));

    /// <summary>The numbers of the folders named <paramref name="prefix"/> and a number, ascending.</summary>
    public int[] NumberedFolders(string path, string prefix) =>
        [.. Folders(path)
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => ParseNumber(name[prefix.Length..]))
            .Where(number => number is >= 0 and < CpuList.MaxCpus)
            .Select(number => (int)number!.Value)
            .Order()];

    public static long? ParseNumber(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    private string Locate(string path) => Path.Combine(root, path.TrimStart('/'));
}

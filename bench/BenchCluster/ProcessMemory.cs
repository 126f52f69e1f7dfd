using System.Globalization;

namespace P2PMiner.BenchCluster;

/// <summary>What of a node's memory is resident, by /proc/PID/smaps; in MiB.</summary>
/// <param name="All">Resident set.</param>
/// <param name="RandomX">Caches, datasets and scratchpads.</param>
/// <param name="Files">Pages of mapped files: the runtime, its libraries and the program.</param>
internal sealed record ProcessMemory(double All, double RandomX, double Files)
{
    private const long CacheKilobytes = 256 * 1024;

    /// <summary>What is neither of RandomX nor a mapped file.</summary>
    public double Rest => All - RandomX - Files;

    /// <param name="process">Id.</param>
    /// <param name="scratchpads">KiB of scratchpads in all: they lie in mappings that cannot be told from others.</param>
    public static ProcessMemory Of(int process, long scratchpads)
    {
        (long all, long large, long files, long resident) = (0, 0, 0, 0);
        (long size, bool isFile) = (0, false);
        foreach (string line in File.ReadLines($"/proc/{process}/smaps"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            switch (words[0])
            {
                case "Size:":
                    size = Kilobytes(words);
                    break;
                case "Rss:":
                    resident = Kilobytes(words);
                    all += resident;
                    files += isFile ? resident : 0;

                    // Caches and datasets are fully resident; the garbage collector's reserved memory is not.
                    large += !isFile && size >= CacheKilobytes && resident >= CacheKilobytes ? resident : 0;
                    break;
                default:
                    if (words[0].Contains('-', StringComparison.Ordinal))
                        isFile = words.Length > 5 && words[5].StartsWith('/');
                    break;
            }
        }
        return new ProcessMemory(all / 1024.0, (large + scratchpads) / 1024.0, files / 1024.0);
    }

    private static long Kilobytes(string[] words) => long.Parse(words[1], CultureInfo.InvariantCulture);
}

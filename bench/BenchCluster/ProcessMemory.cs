using System.Globalization;

namespace P2PMiner.BenchCluster;

/// <summary>What of a node's memory is resident, by /proc/PID/smaps; in MiB.</summary>
/// <param name="All">Resident set.</param>
/// <param name="RandomX">Caches, datasets and scratchpads.</param>
/// <param name="Files">Pages of mapped files: the runtime, its libraries and the program. Nodes of one machine share them.</param>
/// <param name="Proportional">Resident set in which a page that n processes share counts as 1/n of one.</param>
internal sealed record ProcessMemory(double All, double RandomX, double Files, double Proportional)
{
    private const long ScratchpadKilobytes = 2048;

    /// <summary>What a mapping may have beside scratchpads, for alignment and code.</summary>
    private const long BesideKilobytes = 128;

    /// <summary>What is neither of RandomX nor a mapped file.</summary>
    public double Rest => All - RandomX - Files;

    /// <param name="process">Id.</param>
    public static ProcessMemory Of(int process)
    {
        (long all, long large, long files, long resident, long proportional) = (0, 0, 0, 0, 0);
        (long size, bool isFile, bool isNameless) = (0, false, false);
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

                    // Caches, datasets and scratchpads are whole scratchpads long, and fully resident.
                    large += isNameless && size >= ScratchpadKilobytes && size % ScratchpadKilobytes < BesideKilobytes && resident >= size - BesideKilobytes ? resident : 0;
                    break;
                case "Pss:":
                    proportional += Kilobytes(words);
                    break;
                default:
                    if (words[0].Contains('-', StringComparison.Ordinal))
                        (isFile, isNameless) = (words.Length > 5 && words[5].StartsWith('/') && !words[5].StartsWith("/memfd:", StringComparison.Ordinal), words.Length == 5);
                    break;
            }
        }
        return new ProcessMemory(all / 1024.0, large / 1024.0, files / 1024.0, proportional / 1024.0);
    }

    private static long Kilobytes(string[] words) => long.Parse(words[1], CultureInfo.InvariantCulture);
}

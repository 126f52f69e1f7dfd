using Microsoft.Extensions.Logging;

namespace P2PMiner.Node.ShareChain;

/// <summary>Share logs of other versions of this program. Their links follow other rules and fit into no chain of this one.</summary>
internal static class OldLogs
{
    /// <summary>Renames them, and says so: nothing of the user's is deleted, and nothing is left out without a word.</summary>
    /// <param name="directory">Where logs are.</param>
    /// <param name="logger">Told of each.</param>
    /// <exception cref="IOException">One cannot be read or renamed.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not do so.</exception>
    public static void SetAside(string directory, ILogger logger)
    {
        foreach (string path in Directory.GetFiles(directory, "*.log"))
        {
            if (!LogFormat.IsOfOtherVersion(ReadHeader(path), out uint version))
                continue;
            string aside = $"{path}.version-{version}";
            for (int number = 2; File.Exists(aside); number++)
                aside = $"{path}.version-{version}-{number}";
            File.Move(path, aside);
            logger.LogWarning(
                "Share log {Path} is of version {Version}, whose links follow other rules: it is kept as {Aside}, and the share chain begins anew", path, version, aside);
        }
    }

    private static byte[] ReadHeader(string path)
    {
        byte[] header = new byte[LogFormat.HeaderSize];
        using FileStream file = File.OpenRead(path);
        return header[..file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false)];
    }
}

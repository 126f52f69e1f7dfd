using P2PMiner.Node.Configuration;
using P2PMiner.P2P.PrivateNetwork;

namespace P2PMiner.Node.Cluster;

/// <summary>The file of a cluster's key, which only its owner can read.</summary>
internal static class ClusterKeyFile
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OthersAccess =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <exception cref="UsageException">The file is missing, open to others, or damaged.</exception>
    public static PreSharedKey Read(string path)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & OthersAccess) != 0)
                throw new UsageException($"--cluster-key: others can read {path}; make it yours alone with: chmod 600 {path}");
            return PreSharedKey.Load(path);
        }
        catch (FormatException error)
        {
            throw new UsageException($"--cluster-key: {error.Message}; copy it anew from another node, or make one with: p2p-miner cluster new FILE");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--cluster-key: cannot read {path}: {error.Message}");
        }
    }

    /// <summary>Writes a new file that nobody but the user can read.</summary>
    /// <exception cref="UsageException">It exists, or cannot be written.</exception>
    public static void Write(string path, PreSharedKey key)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Owner;
        try
        {
            using var file = new StreamWriter(path, options);
            file.Write(key.ToFileText());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot write the new key: {error.Message}");
        }
    }
}

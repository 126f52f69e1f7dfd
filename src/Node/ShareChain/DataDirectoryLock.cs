namespace P2PMiner.Node.ShareChain;

/// <summary>
/// Keeps a second process out of a data directory. The operating system lets go of the lock when the process ends, however
/// it ends; the empty file <c>lock</c> stays.
/// </summary>
internal sealed class DataDirectoryLock : IDisposable
{
    private const string FileName = "lock";

    private readonly FileStream _file;

    private DataDirectoryLock(FileStream file)
    {
        _file = file;
    }

    /// <summary>Creates the directory when it is missing, and takes the lock.</summary>
    /// <exception cref="IOException">Another process has it, or the directory cannot be written; one line for the user.</exception>
    public static DataDirectoryLock Acquire(string dataDirectory)
    {
        try
        {
            Directory.CreateDirectory(dataDirectory);
            string path = Path.Combine(dataDirectory, FileName);
            return new DataDirectoryLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException(
                $"data directory {dataDirectory} cannot be written: change its owner, or choose another with --data-dir", exception);
        }
        catch (IOException exception) when (IsLocked(exception))
        {
            throw new IOException(
                $"data directory {dataDirectory} is in use by another p2p-miner: stop that one, or choose another with --data-dir", exception);
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>EWOULDBLOCK from flock on Linux and macOS, and Windows' sharing violation.</summary>
    private static bool IsLocked(IOException exception) => exception.HResult is 11 or 35 or unchecked((int)0x80070020);
}

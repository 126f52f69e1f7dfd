namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>A limit of memory for all that runs in it: a control group. Needs root.</summary>
internal sealed class MemoryLimit : IDisposable
{
    private static int _count;

    private readonly string _group;

    private MemoryLimit(string group) => _group = group;

    /// <summary>The command that runs what follows it within the limit.</summary>
    public IReadOnlyList<string> Command => ["sh", "-c", $"echo $$ > {_group}/cgroup.procs && exec \"$@\"", "sh"];

    /// <summary>Null where the system has no such groups, or does not let them be made.</summary>
    /// <param name="mebibytes">Of memory.</param>
    public static MemoryLimit? TryCreate(int mebibytes)
    {
        bool isFirstVersion = Directory.Exists("/sys/fs/cgroup/memory");
        string group = $"{(isFirstVersion ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup")}/p2p-miner-test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";
        string file = Path.Combine(group, isFirstVersion ? "memory.limit_in_bytes" : "memory.max");
        try
        {
            Directory.CreateDirectory(group);
            if (File.Exists(file))
            {
                File.WriteAllText(file, $"{(long)mebibytes << 20}");
                return new MemoryLimit(group);
            }
            Directory.Delete(group);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Dispose() => Directory.Delete(_group);
}

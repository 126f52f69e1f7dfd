using System.Globalization;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>A limit of memory for all that runs in it: a control group. Needs root.</summary>
internal sealed class MemoryLimit : IDisposable
{
    private static int _count;

    private readonly string _group;
    private readonly bool _isFirstVersion;

    private MemoryLimit(string group, bool isFirstVersion) => (_group, _isFirstVersion) = (group, isFirstVersion);

    /// <summary>The command that runs what follows it within the limit.</summary>
    public IReadOnlyList<string> Command => ["sh", "-c", $"echo $$ > {_group}/cgroup.procs && exec \"$@\"", "sh"];

    /// <summary>Whether nothing runs in it, so that it can be removed.</summary>
    public bool IsEmpty => File.ReadAllText(Path.Combine(_group, "cgroup.procs")).Length == 0;

    /// <summary>How often what runs in it wanted more than there is. What the system could take back elsewhere counts too.</summary>
    public long TimesMet => _isFirstVersion ? Number("memory.failcnt") : Statistic("memory.events", "max");

    /// <summary>Bytes that are left of the limit, with file pages that are not in use.</summary>
    public long AvailableBytes => _isFirstVersion
        ? Number("memory.limit_in_bytes") - Number("memory.usage_in_bytes") + Statistic("memory.stat", "total_inactive_file")
        : Number("memory.max") - Number("memory.current") + Statistic("memory.stat", "inactive_file");

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
                return new MemoryLimit(group, isFirstVersion);
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

    private long Number(string file) => long.Parse(File.ReadAllText(Path.Combine(_group, file)), CultureInfo.InvariantCulture);

    private long Statistic(string file, string name) => File.ReadLines(Path.Combine(_group, file))
        .Where(line => line.StartsWith(name + ' ', StringComparison.Ordinal))
        .Select(line => long.Parse(line[name.Length..], CultureInfo.InvariantCulture)).Single();
}

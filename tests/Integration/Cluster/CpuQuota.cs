namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>A share of one CPU for all that runs in it: a control group. Needs root.</summary>
internal sealed class CpuQuota : IDisposable
{
    private const int PeriodMicroseconds = 100_000;

    private readonly string _group;

    private CpuQuota(string group) => _group = group;

    /// <summary>The command that runs what follows it with the quota.</summary>
    public IReadOnlyList<string> Command => ["sh", "-c", $"echo $$ > {_group}/cgroup.procs && exec \"$@\"", "sh"];

    /// <summary>Makes a quota that it gets whatever else runs, and no more than that.</summary>
    /// <param name="percent">Of one CPU.</param>
    public static CpuQuota Create(int percent)
    {
        bool isFirstVersion = Directory.Exists("/sys/fs/cgroup/cpu");
        string group = $"{(isFirstVersion ? "/sys/fs/cgroup/cpu" : "/sys/fs/cgroup")}/p2p-miner-test-{Environment.ProcessId}";
        Directory.CreateDirectory(group);
        int quota = PeriodMicroseconds * percent / 100;
        if (isFirstVersion)
        {
            File.WriteAllText($"{group}/cpu.cfs_period_us", $"{PeriodMicroseconds}");
            File.WriteAllText($"{group}/cpu.cfs_quota_us", $"{quota}");
            File.WriteAllText($"{group}/cpu.shares", "262144");
        }
        else
        {
            File.WriteAllText($"{group}/cpu.max", $"{quota} {PeriodMicroseconds}");
            File.WriteAllText($"{group}/cpu.weight", "10000");
        }
        return new CpuQuota(group);
    }

    public void Dispose() => Directory.Delete(_group);
}

using System.Globalization;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>A share of one CPU for all that runs in it: a control group. Needs root.</summary>
internal sealed class CpuQuota : IDisposable
{
    private const int PeriodMicroseconds = 100_000;

    private readonly string _group;
    private readonly int _percent;

    private CpuQuota(string group, int percent) => (_group, _percent) = (group, percent);

    /// <summary>The command that runs what follows it with the quota.</summary>
    public IReadOnlyList<string> Command => ["sh", "-c", $"echo $$ > {_group}/cgroup.procs && exec \"$@\"", "sh"];

    private static bool IsFirstVersion => Directory.Exists("/sys/fs/cgroup/cpu");

    /// <summary>Makes a quota, which is held.</summary>
    /// <param name="percent">Of one CPU.</param>
    public static CpuQuota Create(int percent)
    {
        string group = $"{(IsFirstVersion ? "/sys/fs/cgroup/cpu" : "/sys/fs/cgroup")}/p2p-miner-test-{Environment.ProcessId}";
        Directory.CreateDirectory(group);
        CpuQuota quota = new(group, percent);
        quota.Hold();
        return quota;
    }

    /// <summary>From now on the quota, whatever else runs, and no more.</summary>
    public void Hold() => Limit(PeriodMicroseconds * _percent / 100, shares: 262_144, weight: 10_000);

    /// <summary>From now on what any process gets.</summary>
    public void Lift() => Limit(null, shares: 1024, weight: 100);

    public void Dispose() => Directory.Delete(_group);

    private void Limit(int? microseconds, int shares, int weight)
    {
        if (IsFirstVersion)
        {
            File.WriteAllText($"{_group}/cpu.shares", $"{shares}");
            File.WriteAllText($"{_group}/cpu.cfs_period_us", $"{PeriodMicroseconds}");
            File.WriteAllText($"{_group}/cpu.cfs_quota_us", $"{microseconds ?? -1}");
        }
        else
        {
            File.WriteAllText($"{_group}/cpu.weight", $"{weight}");
            File.WriteAllText($"{_group}/cpu.max", $"{microseconds?.ToString(CultureInfo.InvariantCulture) ?? "max"} {PeriodMicroseconds}");
        }
    }
}

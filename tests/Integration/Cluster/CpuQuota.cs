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

    /// <summary>Makes a quota that it gets whatever else runs.</summary>
    /// <param name="percent">Of one CPU; no more than that while it is held.</param>
    public static CpuQuota Create(int percent)
    {
        string group = $"{(IsFirstVersion ? "/sys/fs/cgroup/cpu" : "/sys/fs/cgroup")}/p2p-miner-test-{Environment.ProcessId}";
        Directory.CreateDirectory(group);
        File.WriteAllText(IsFirstVersion ? $"{group}/cpu.shares" : $"{group}/cpu.weight", IsFirstVersion ? "262144" : "10000");
        CpuQuota quota = new(group, percent);
        quota.Hold();
        return quota;
    }

    /// <summary>From now on no more than the quota.</summary>
    public void Hold() => Limit(PeriodMicroseconds * _percent / 100);

    /// <summary>From now on whatever it takes.</summary>
    public void Lift() => Limit(null);

    public void Dispose() => Directory.Delete(_group);

    private void Limit(int? microseconds)
    {
        if (IsFirstVersion)
        {
            File.WriteAllText($"{_group}/cpu.cfs_period_us", $"{PeriodMicroseconds}");
            File.WriteAllText($"{_group}/cpu.cfs_quota_us", $"{microseconds ?? -1}");
        }
        else
        {
            File.WriteAllText($"{_group}/cpu.max", $"{microseconds?.ToString(CultureInfo.InvariantCulture) ?? "max"} {PeriodMicroseconds}");
        }
    }
}

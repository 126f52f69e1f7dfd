using P2PMiner.Hardware.Linux;

namespace P2PMiner.Hardware;

/// <summary>Reads what this machine is and may use.</summary>
public static class HardwareProbe
{
    /// <summary>
    /// Reads /proc and /sys on Linux and asks the framework elsewhere. Never throws for what it finds: a file that is
    /// missing or damaged degrades its field and leaves a note.
    /// </summary>
    /// <param name="root">The folder that stands for "/"; any other than "/" is read as a Linux tree on every system.</param>
    public static HardwareInfo Read(string root = "/")
    {
        if (root == "/" && !OperatingSystem.IsLinux())
            return FrameworkProbe.Read();
        HardwareInfo info = ReadLinux(root);
        return root == "/" && info.Cpu.Features is null ? FrameworkProbe.WithFeatures(info) : info;
    }

    /// <summary>Only the power supply: cheap enough to ask every few seconds.</summary>
    /// <param name="root">As for <see cref="Read"/>.</param>
    public static PowerInfo ReadPower(string root = "/") =>
        root == "/" && !OperatingSystem.IsLinux() ? FrameworkProbe.ReadPower() : PowerReader.Read(new SystemTree(root));

    /// <summary>Only what memory there is and may be used: cheap enough to ask every few seconds.</summary>
    /// <param name="root">As for <see cref="Read"/>.</param>
    public static (MemoryInfo Memory, CgroupLimits Limits) ReadMemory(string root = "/")
    {
        if (root == "/" && !OperatingSystem.IsLinux())
        {
            HardwareInfo info = FrameworkProbe.Read();
            return (info.Memory, info.Limits);
        }
        SystemTree tree = new(root);
        return (MemoryReader.ReadMemory(tree), CgroupReader.Read(tree));
    }

    /// <summary>In how much of the last ten seconds a program waited for memory, in percent: cheap enough to ask every few seconds.</summary>
    /// <param name="root">As for <see cref="Read"/>.</param>
    /// <returns>Null where the system does not tell.</returns>
    public static double? ReadMemoryStall(string root = "/") =>
        root == "/" && !OperatingSystem.IsLinux() ? null : PressureReader.Read(new SystemTree(root));

    private static HardwareInfo ReadLinux(string root)
    {
        SystemTree tree = new(root);
        CpuInfo cpu = CpuReader.Read(tree);
        (IReadOnlyList<LogicalCpu> cpus, IReadOnlyList<NumaNode> nodes) = TopologyReader.Read(tree);
        CgroupLimits limits = CgroupReader.Read(tree);
        return new HardwareInfo(
            cpu,
            cpus,
            Allowed(tree, cpus, limits),
            CacheReader.Read(tree, cpus),
            nodes,
            MemoryReader.ReadMemory(tree),
            limits,
            MemoryReader.ReadPages(tree),
            PowerReader.Read(tree),
            tree.Notes);
    }

    private static int[] Allowed(SystemTree tree, IReadOnlyList<LogicalCpu> cpus, CgroupLimits limits)
    {
        Dictionary<string, string> status = KeyValueText.Parse(tree.ReadText("/proc/self/status"), ':');
        int[] online = [.. cpus.Select(cpu => cpu.Id)];
        int[] allowed = online;
        if (CpuList.TryParse(status.GetValueOrDefault("Cpus_allowed_list"), out int[] mask))
            allowed = [.. allowed.Intersect(mask)];
        else
            tree.Note("the affinity mask is unknown (/proc/self/status): all online CPUs count as allowed");
        if (limits.Cpuset is not null)
            allowed = [.. allowed.Intersect(limits.Cpuset)];
        if (allowed.Length > 0)
            return allowed;
        tree.Note("affinity mask and cpuset leave no online CPU: all online CPUs count as allowed");
        return online;
    }
}

namespace P2PMiner.Hardware.Linux;

/// <summary>
/// Online CPUs, cores, packages, kinds of core and NUMA nodes from /sys/devices/system (Linux
/// Documentation/admin-guide/cputopology.rst and Documentation/ABI/stable/sysfs-devices-node).
/// </summary>
internal static class TopologyReader
{
    private const string CpuRoot = "/sys/devices/system/cpu";
    private const string NodeRoot = "/sys/devices/system/node";

    public static (IReadOnlyList<LogicalCpu> Cpus, IReadOnlyList<NumaNode> Nodes) Read(SystemTree tree)
    {
        int[] online = Online(tree);
        List<NumaNode> nodes = Nodes(tree, online);
        Dictionary<int, int> nodeOf = [];
        foreach (NumaNode node in nodes)
        {
            foreach (int cpu in node.Cpus)
                nodeOf.TryAdd(cpu, node.Id);
        }
        Dictionary<int, int> coreOf = Cores(tree, online);
        Func<int, CoreKind> kindOf = Kinds(tree, online);
        LogicalCpu[] cpus =
            [.. online.Select(cpu => new LogicalCpu(cpu, coreOf[cpu], Package(tree, cpu), nodeOf.GetValueOrDefault(cpu, nodes[0].Id), kindOf(cpu)))];
        return (cpus, nodes);
    }

    private static int[] Online(SystemTree tree)
    {
        int[] present = tree.NumberedFolders(CpuRoot, "cpu");
        IReadOnlyList<int>? online = tree.ReadCpuList($"{CpuRoot}/online");
        if (online is null)
            tree.Note($"which CPUs are online is unknown ({CpuRoot}/online): every CPU that is present counts");
        int[] both = online is null ? present : present.Length == 0 ? [.. online] : [.. online.Intersect(present)];
        if (both.Length > 0)
            return both;
        int[] listed = ListedInCpuInfo(tree);
        if (listed.Length == 0)
            tree.Note("the CPUs cannot be counted: one is assumed");
        return listed.Length == 0 ? [0] : listed;
    }

    private static int[] ListedInCpuInfo(SystemTree tree)
    {
        SortedSet<int> found = [];
        foreach (ReadOnlySpan<char> line in (tree.ReadText("/proc/cpuinfo", SystemTree.MaxTableBytes) ?? "").AsSpan().EnumerateLines())
        {
            int colon = line.IndexOf(':');
            if (colon > 0 && line[..colon].Trim() is "processor"
                && SystemTree.ParseNumber(line[(colon + 1)..].Trim().ToString()) is >= 0 and < CpuList.MaxCpus and long id)
                found.Add((int)id);
        }
        return [.. found];
    }

    private static int Package(SystemTree tree, int cpu) =>
        tree.ReadNumber($"{CpuRoot}/cpu{cpu}/topology/physical_package_id") is <= int.MaxValue and long package ? (int)package : 0;

    /// <summary>
    /// Groups CPUs by their sibling lists. Every list of a core names all its CPUs, so one readable list is enough for
    /// all of them; a CPU that no list names is a core of its own.
    /// </summary>
    private static Dictionary<int, int> Cores(SystemTree tree, int[] online)
    {
        HashSet<int> present = [.. online];
        Dictionary<int, int> coreOf = [];
        int unknown = 0;
        foreach (int cpu in online)
        {
            string folder = $"{CpuRoot}/cpu{cpu}/topology";
            IReadOnlyList<int>? siblings =
                tree.ReadCpuList($"{folder}/core_cpus_list") ?? tree.ReadCpuList($"{folder}/thread_siblings_list");
            if (siblings is null)
                unknown++;
            if (siblings is null || !siblings.Contains(cpu))
                continue;
            int core = siblings.First(present.Contains);
            foreach (int sibling in siblings.Where(present.Contains))
                coreOf.TryAdd(sibling, core);
        }
        if (unknown > 0)
            tree.Note($"core siblings are unknown for {unknown} of {online.Length} CPUs ({CpuRoot}/cpu*/topology)");
        foreach (int cpu in online)
            coreOf.TryAdd(cpu, cpu);
        return coreOf;
    }

    /// <summary>
    /// Intel hybrids have one performance monitoring unit per kind of core, which lists its CPUs. Arm kernels tell a
    /// capacity relative to the fastest CPU instead; favoured cores of one kind differ by less than a quarter there.
    /// </summary>
    private static Func<int, CoreKind> Kinds(SystemTree tree, int[] online)
    {
        IReadOnlyList<int>? atoms = tree.ReadCpuList("/sys/devices/cpu_atom/cpus");
        if (atoms is not null && online.Any(atoms.Contains) && !online.All(atoms.Contains))
        {
            HashSet<int> efficient = [.. atoms];
            return cpu => efficient.Contains(cpu) ? CoreKind.Efficiency : CoreKind.Performance;
        }
        Dictionary<int, long?> capacities = online.ToDictionary(cpu => cpu, cpu => tree.ReadNumber($"{CpuRoot}/cpu{cpu}/cpu_capacity"));
        long threshold = (capacities.Values.Max() ?? 0) / 4 * 3;
        bool hybrid = capacities.Values.Any(capacity => capacity < threshold);
        return cpu => !hybrid || capacities[cpu] is not { } capacity ? CoreKind.Uniform
            : capacity < threshold ? CoreKind.Efficiency : CoreKind.Performance;
    }

    private static List<NumaNode> Nodes(SystemTree tree, int[] online)
    {
        int[] ids = tree.NumberedFolders(NodeRoot, "node");
        List<NumaNode> nodes = [];
        foreach (int id in ids)
        {
            IReadOnlyList<int> cpus = tree.ReadCpuList($"{NodeRoot}/node{id}/cpulist") ?? [];
            (long? total, long? available) = NodeMemory(tree, id);
            nodes.Add(new NumaNode(id, [.. cpus.Intersect(online)], total, available));
        }
        if (ids.Length == 0 || (ids.Length == 1 && nodes[0].Cpus.Count < online.Length))
        {
            tree.Note($"NUMA nodes are unknown ({NodeRoot}): all CPUs count as one node");
            return [new NumaNode(ids.FirstOrDefault(), online, nodes.FirstOrDefault()?.TotalBytes, nodes.FirstOrDefault()?.AvailableBytes)];
        }
        int homeless = online.Length - nodes.SelectMany(node => node.Cpus).Distinct().Count();
        if (homeless > 0)
            tree.Note($"the NUMA node of {homeless} CPUs is unknown: they count as node {ids[0]}'s");
        return nodes;
    }

    private static (long? Total, long? Available) NodeMemory(SystemTree tree, int id)
    {
        string prefix = $"Node {id} ";
        string? text = tree.ReadText($"{NodeRoot}/node{id}/meminfo")?.Replace(prefix, "", StringComparison.Ordinal);
        Dictionary<string, string> values = KeyValueText.Parse(text, ':');
        long? total = KeyValueText.Kilobytes(values, "MemTotal");
        long? free = KeyValueText.Kilobytes(values, "MemFree");
        if (total is null || free is null)
            tree.Note($"the memory of NUMA node {id} is unknown");
        long reclaimable = Value("Active(file)") / 2 + Value("Inactive(file)") / 2 + Value("SReclaimable") / 2;
        return (total, free is null || free > long.MaxValue - reclaimable ? null : free + reclaimable);

        long Value(string key) => Math.Min(KeyValueText.Kilobytes(values, key) ?? 0, long.MaxValue / 4);
    }
}

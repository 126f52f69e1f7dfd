namespace P2PMiner.Hardware.Linux;

/// <summary>The folders of the process's cgroups, each list from its own cgroup up to the mount.</summary>
internal sealed record CgroupPaths(
    IReadOnlyList<string> Unified, IReadOnlyList<string> Memory, IReadOnlyList<string> Cpu, IReadOnlyList<string> Cpuset)
{
    private const int MaxDepth = 64;

    private const string Membership = "/proc/self/cgroup";
    private const string Mounts = "/proc/self/mountinfo";

    public static CgroupPaths Find(SystemTree tree)
    {
        Dictionary<string, string> groups = Groups(tree.ReadText(Membership));
        List<(string Controllers, string Root, string Point)> mounts = CgroupMounts(tree.ReadText(Mounts, SystemTree.MaxTableBytes));
        if (groups.Count == 0)
            tree.Note($"cgroup limits are unknown ({Membership})");
        else if (mounts.Count == 0)
            tree.Note($"cgroup limits are unknown ({Mounts} lists no cgroup file system)");
        return new CgroupPaths(Chain(""), Chain("memory"), Chain("cpu"), Chain("cpuset"));

        IReadOnlyList<string> Chain(string controller)
        {
            if (!groups.TryGetValue(controller, out string? group))
                return [];
            foreach ((string controllers, string root, string point) in mounts)
            {
                if (controllers.Split(',').Contains(controller))
                    return WalkUp(group, root, point);
            }
            return [];
        }
    }

    /// <summary>Lines "hierarchy:controllers:path"; v2's has no controllers.</summary>
    private static Dictionary<string, string> Groups(string? text)
    {
        Dictionary<string, string> groups = new(StringComparer.Ordinal);
        foreach (string line in Lines(text))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length != 3 || !parts[2].StartsWith('/'))
                continue;
            foreach (string controller in parts[1].Split(','))
                groups.TryAdd(controller, parts[2]);
        }
        return groups;
    }

    /// <summary>
    /// Fields of mountinfo (proc_pid_mountinfo(5)): 4 is the mount's root within the file system, 5 the mount point;
    /// after a lone "-" come type, source and the options, which name v1's controllers.
    /// </summary>
    private static List<(string Controllers, string Root, string Point)> CgroupMounts(string? text)
    {
        List<(string, string, string)> mounts = [];
        foreach (string line in Lines(text))
        {
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash < 6 || fields.Length < dash + 4)
                continue;
            if (fields[dash + 1] == "cgroup2")
                mounts.Add(("", Unescape(fields[3]), Unescape(fields[4])));
            else if (fields[dash + 1] == "cgroup")
                mounts.Add((fields[dash + 3], Unescape(fields[3]), Unescape(fields[4])));
        }
        return mounts;
    }

    /// <summary>A NUL, which no path can hold, marks a damaged line.</summary>
    private static IEnumerable<string> Lines(string? text) => (text ?? "").Split('\n').Where(line => !line.Contains('\0'));

    /// <summary>The kernel writes blanks of paths as octal escapes.</summary>
    private static string Unescape(string path) => path.Replace("\\040", " ", StringComparison.Ordinal);

    private static List<string> WalkUp(string group, string root, string point)
    {
        string below = root == "/" ? group : group == root ? "" : group.StartsWith(root + "/", StringComparison.Ordinal) ? group[root.Length..] : "";
        string[] names = below.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (names.Contains("..") || names.Length > MaxDepth)
            names = [];
        List<string> folders = [];
        for (int depth = names.Length; depth >= 0; depth--)
            folders.Add($"{point}/{string.Join('/', names[..depth])}");
        return folders;
    }
}

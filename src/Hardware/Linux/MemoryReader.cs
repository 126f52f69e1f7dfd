namespace P2PMiner.Hardware.Linux;

/// <summary>
/// Memory and huge pages from /proc/meminfo and /sys/kernel/mm (Linux Documentation/filesystems/proc.rst and
/// Documentation/admin-guide/mm/{hugetlbpage,transhuge}.rst).
/// </summary>
internal static class MemoryReader
{
    public static MemoryInfo ReadMemory(SystemTree tree)
    {
        Dictionary<string, string> values = KeyValueText.Parse(tree.ReadText("/proc/meminfo"), ':');
        long? total = KeyValueText.Kilobytes(values, "MemTotal");
        long? available = KeyValueText.Kilobytes(values, "MemAvailable");
        if (total is null)
            tree.Note("total memory is unknown (/proc/meminfo)");
        if (available is null)
        {
            available = KeyValueText.Kilobytes(values, "MemFree");
            tree.Note(available is null
                ? "available memory is unknown (/proc/meminfo)"
                : "available memory is not told by the kernel (/proc/meminfo): free memory counts");
        }
        return new MemoryInfo(total, available);
    }

    public static PageInfo ReadPages(SystemTree tree)
    {
        HugePagePool? twoMiB = ReadPool(tree, 2048);
        HugePagePool? oneGiB = ReadPool(tree, 1048576);
        string? enabled = tree.ReadText("/sys/kernel/mm/transparent_hugepage/enabled");
        TransparentPageState transparent = enabled?.Split(' ').FirstOrDefault(word => word.StartsWith('[')) switch
        {
            "[always]" => TransparentPageState.Always,
            "[madvise]" => TransparentPageState.Madvise,
            "[never]" => TransparentPageState.Never,
            _ => TransparentPageState.Unknown,
        };
        if (transparent == TransparentPageState.Unknown)
            tree.Note("the state of transparent huge pages is unknown (/sys/kernel/mm/transparent_hugepage/enabled)");
        return new PageInfo(twoMiB, oneGiB, transparent);
    }

    private static HugePagePool? ReadPool(SystemTree tree, int kilobytes)
    {
        string folder = $"/sys/kernel/mm/hugepages/hugepages-{kilobytes}kB";
        long? total = tree.ReadNumber($"{folder}/nr_hugepages");
        long? free = tree.ReadNumber($"{folder}/free_hugepages");
        if (total is not null && free is not null && free <= total)
            return new HugePagePool(total.Value, free.Value);
        if (tree.FolderExists(folder))
            tree.Note($"the pool of {kilobytes} KiB pages is unknown ({folder})");
        return null;
    }
}

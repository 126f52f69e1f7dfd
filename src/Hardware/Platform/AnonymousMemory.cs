using P2PMiner.Hardware.Linux;

namespace P2PMiner.Hardware;

/// <summary>A range of this process's address space.</summary>
/// <param name="Address">First byte.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct MemoryRange(nuint Address, nuint Length);

/// <summary>
/// Finds memory that a native library allocated without telling where: list before, allocate, list after, compare.
/// </summary>
public static class AnonymousMemory
{
    private const string MappingFile = "/proc/self/maps";

    /// <summary>
    /// Readable, writable, private memory without a file, heap and stacks of the system left out, by ascending address.
    /// Empty where the system does not tell (other than Linux).
    /// </summary>
    public static IReadOnlyList<MemoryRange> List()
    {
        try
        {
            using StreamReader lines = new(MappingFile);
            return Parse(lines);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>
    /// Parts of <paramref name="after"/> that are not in <paramref name="before"/>. The kernel joins neighbouring
    /// mappings, so a part need not be a mapping of its own, and other threads' allocations appear too.
    /// </summary>
    /// <param name="before">As <see cref="List"/> gives it: ascending, without overlap.</param>
    /// <param name="after">Likewise.</param>
    /// <param name="atLeast">Shorter parts are left out, in bytes.</param>
    public static IReadOnlyList<MemoryRange> Added(IReadOnlyList<MemoryRange> before, IReadOnlyList<MemoryRange> after, nuint atLeast)
    {
        List<MemoryRange> added = [];
        foreach (MemoryRange range in after)
        {
            nuint from = range.Address;
            nuint end = range.Address + range.Length;
            foreach (MemoryRange old in before.Where(old => old.Address < end && old.Address + old.Length > range.Address))
            {
                if (old.Address > from)
                    added.Add(new MemoryRange(from, old.Address - from));
                from = Math.Max(from, old.Address + old.Length);
            }
            if (from < end)
                added.Add(new MemoryRange(from, end - from));
        }
        return [.. added.Where(range => range.Length >= atLeast)];
    }

    internal static IReadOnlyList<MemoryRange> Parse(TextReader lines)
    {
        List<MemoryRange> found = [];
        while (lines.ReadLine() is { } line)
        {
            if (MapsLine.TryParse(line, out MapsLine mapping) && mapping.Inode == 0 && mapping.Permissions == "rw-p"
                && (mapping.Name.Length == 0 || mapping.Name.StartsWith("[anon:", StringComparison.Ordinal)))
                found.Add(new MemoryRange(mapping.Start, mapping.End - mapping.Start));
        }
        return found;
    }
}

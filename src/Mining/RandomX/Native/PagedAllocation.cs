using System.Runtime.InteropServices;
using P2PMiner.Hardware;

namespace P2PMiner.Mining.RandomX.Native;

/// <summary>Allocates RandomX memory in the best pages that the preference and the machine allow.</summary>
internal static class PagedAllocation
{
    private const nuint HugePageSize = 2 << 20;

    /// <param name="what">Names the memory in errors.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="flags">For <paramref name="allocate"/>; the page flag is added here.</param>
    /// <param name="preference">See <see cref="PagePreference"/>.</param>
    /// <param name="allocate">The native call, which does not touch the memory; an invalid handle means that it gave NULL.</param>
    /// <param name="pages">Huge pages, or else what was advised; see <see cref="PagedMemory.Measure"/>.</param>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where only they would do.</exception>
    internal static T Allocate<T>(
        string what, long size, RandomXFlags flags, PagePreference preference, Func<RandomXFlags, T> allocate, out PagedMemory pages)
        where T : SafeHandle
    {
        flags &= ~RandomXFlags.LargePages;
        if (preference is PagePreference.Auto or PagePreference.Huge)
        {
            T huge = allocate(flags | RandomXFlags.LargePages);
            pages = new PagedMemory(PageKind.Huge, default);
            if (!huge.IsInvalid)
                return huge;
            huge.Dispose();
            if (preference == PagePreference.Huge)
                throw NoHugePages(what, size);
        }
        IReadOnlyList<MemoryRange> before = AnonymousMemory.List();
        T handle = allocate(flags);
        if (handle.IsInvalid)
        {
            handle.Dispose();
            throw NoMemory(what, size);
        }
        pages = Advise(before, (nuint)size, preference);
        return handle;
    }

    internal static InsufficientMemoryException NoHugePages(string what, long size) => new(
        $"no {size >> 20} MiB of explicit huge pages for the RandomX {what}: reserve them (Linux: sudo sysctl vm.nr_hugepages=1400) or use --pages auto");

    internal static InsufficientMemoryException NoMemory(string what, long size) =>
        new($"no memory for the RandomX {what} of {size >> 20} MiB: close other programs or use --memory light");

    // librandomx 1.1.10 does not tell where caches and scratchpads are, so the new memory is looked for.
    private static PagedMemory Advise(IReadOnlyList<MemoryRange> before, nuint size, PagePreference preference)
    {
        IReadOnlyList<MemoryRange> after = AnonymousMemory.List();
        IReadOnlyList<MemoryRange> added = AnonymousMemory.Added(before, after, size);
        if (added.Count == 0)
            return new PagedMemory(PageKind.Normal, default);
        MemoryRange range = added.MinBy(r => r.Length);
        bool advised = preference != PagePreference.Normal && Advise(range, after);
        return new PagedMemory(advised ? PageKind.Transparent : PageKind.Normal, range);
    }

    // A scratchpad is as long as one huge page and seldom aligned to it: the neighbours' memory completes the pages.
    private static bool Advise(MemoryRange range, IReadOnlyList<MemoryRange> mapped)
    {
        MemoryRange mapping = mapped.First(m => m.Address <= range.Address && range.Address - m.Address < m.Length);
        nuint start = Math.Max(mapping.Address, range.Address & ~(HugePageSize - 1));
        nuint end = Math.Min(
            mapping.Address + mapping.Length, (range.Address + range.Length + HugePageSize - 1) & ~(HugePageSize - 1));
        return TransparentPages.TryAdvise(start, end - start);
    }
}

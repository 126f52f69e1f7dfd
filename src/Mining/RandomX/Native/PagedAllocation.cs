using System.Runtime.InteropServices;
using P2PMiner.Hardware;

namespace P2PMiner.Mining.RandomX.Native;

/// <summary>Allocates RandomX memory in the best pages that the preference and the machine allow.</summary>
internal static class PagedAllocation
{
    /// <param name="what">Names the memory in errors.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="flags">For <paramref name="allocate"/>; the page flag is added here.</param>
    /// <param name="preference">See <see cref="PagePreference"/>.</param>
    /// <param name="allocate">The native call; an invalid handle means that it gave NULL.</param>
    /// <param name="kind">The pages that the memory has, as far as they are known before it is touched.</param>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where only they would do.</exception>
    internal static T Allocate<T>(
        string what, long size, RandomXFlags flags, PagePreference preference, Func<RandomXFlags, T> allocate, out PageKind kind)
        where T : SafeHandle
    {
        flags &= ~RandomXFlags.LargePages;
        if (preference is PagePreference.Auto or PagePreference.Huge)
        {
            T huge = allocate(flags | RandomXFlags.LargePages);
            kind = PageKind.Huge;
            if (!huge.IsInvalid)
                return huge;
            huge.Dispose();
            if (preference == PagePreference.Huge)
            {
                throw new InsufficientMemoryException(
                    $"no {size >> 20} MiB of explicit huge pages for the RandomX {what}: reserve them (Linux: sudo sysctl vm.nr_hugepages=1280) or use --pages auto");
            }
        }
        kind = PageKind.Normal;
        T handle = allocate(flags);
        if (!handle.IsInvalid)
            return handle;
        handle.Dispose();
        throw new InsufficientMemoryException($"no memory for the RandomX {what} of {size >> 20} MiB: close other programs or use --memory light");
    }
}

using System.Globalization;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>
/// Huge pages that whoever maps them gets at once. On a virtual machine the first touch of a page that its host has to find can take far
/// longer than clearing it, once for each page: that would be measured otherwise. Needs root.
/// </summary>
internal sealed class ReservedPages : IDisposable
{
    private const string Setting = "/proc/sys/vm/nr_hugepages";
    private const int PageSize = 2 << 20;

    private readonly string _before = File.ReadAllText(Setting);

    private ReservedPages()
    {
    }

    /// <summary>Reserves pages and touches each of them.</summary>
    /// <param name="megabytes">In MiB.</param>
    /// <exception cref="InsufficientMemoryException">There are not so many.</exception>
    public static unsafe ReservedPages Create(int megabytes)
    {
        ReservedPages pages = new();
        try
        {
            long size = (long)megabytes << 20;
            File.WriteAllText(Setting, (size / PageSize).ToString(CultureInfo.InvariantCulture));
            using PagedBlock block = PagedBlock.Allocate("reserved pages", size, PagePreference.Huge);
            for (long offset = 0; offset < size; offset += PageSize)
                block.Address[offset] = 1;
            return pages;
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    public void Dispose() => File.WriteAllText(Setting, _before);
}

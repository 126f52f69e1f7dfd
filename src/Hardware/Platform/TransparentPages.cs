using P2PMiner.Hardware.Interop;
using P2PMiner.Hardware.Linux;

namespace P2PMiner.Hardware;

/// <summary>How much of a range of memory huge pages back now.</summary>
/// <param name="ReservedBytes">Bytes in pages of a reserved pool, touched or not.</param>
/// <param name="TransparentBytes">Bytes that the kernel made transparent huge pages of; only touched memory can be.</param>
public readonly record struct PageBacking(long ReservedBytes, long TransparentBytes);

/// <summary>Transparent huge pages for ranges of this process's memory (Linux).</summary>
public static class TransparentPages
{
    /// <summary>Size and alignment of a huge page on x86-64, and on Arm with 4 KiB base pages.</summary>
    private const nuint HugePageBytes = 2 << 20;

    private const string MappingFile = "/proc/self/smaps";

    /// <summary>
    /// Asks the kernel to back with huge pages what lies in whole huge pages of the range. To be called before the
    /// memory is touched: the kernel converts touched pages only slowly.
    /// </summary>
    /// <param name="address">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <returns>
    /// True when the advice was taken, which gives pages only if memory is not fragmented: see <see cref="Backing"/>.
    /// False where the system does not know the advice, the range is not mapped or holds no whole huge page.
    /// </returns>
    public static bool TryAdvise(nuint address, nuint length)
    {
        if (!OperatingSystem.IsLinux() || length > nuint.MaxValue - address || address > nuint.MaxValue - HugePageBytes)
            return false;
        nuint first = (address + HugePageBytes - 1) & ~(HugePageBytes - 1);
        nuint end = (address + length) & ~(HugePageBytes - 1);
        return first < end && Mman.madvise(first, end - first, Mman.MADV_HUGEPAGE) == 0;
    }

    /// <summary>
    /// What backs a range now. The kernel counts per mapping, so for a range that is part of a mapping the numbers are
    /// upper bounds. Zeros where the system does not tell.
    /// </summary>
    /// <param name="address">First byte.</param>
    /// <param name="length">Bytes.</param>
    public static PageBacking Backing(nuint address, nuint length)
    {
        try
        {
            using StreamReader lines = new(MappingFile);
            return SmapsReader.Sum(lines, address, length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}

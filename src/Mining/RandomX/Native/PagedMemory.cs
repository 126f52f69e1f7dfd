using P2PMiner.Hardware;

namespace P2PMiner.Mining.RandomX.Native;

/// <summary>Where an allocation lies and which pages it was given or advised.</summary>
/// <param name="Kind">Transparent means advised: the kernel decides when the memory is touched.</param>
/// <param name="Range">Empty for huge pages, and where the system does not tell.</param>
internal readonly record struct PagedMemory(PageKind Kind, MemoryRange Range)
{
    /// <summary>The pages of most of the memory, to be asked after it has been touched.</summary>
    internal PageKind Measure()
    {
        if (Kind == PageKind.Huge || Range.Length == 0)
            return Kind;
        long transparent = TransparentPages.Backing(Range.Address, Range.Length).TransparentBytes;
        return (ulong)transparent * 2 >= Range.Length ? PageKind.Transparent : PageKind.Normal;
    }
}

using System.Runtime.InteropServices;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>
/// Memory of our own in the best pages that the preference and the machine allow, as <see cref="PagedAllocation"/> finds
/// them for librandomx. Zeroed where the system does so; not touched here, so whoever writes first places it.
/// </summary>
internal sealed unsafe class PagedBlock : SafeHandle
{
    private const nuint HugePageSize = 2 << 20;
    private const nuint LineSize = 64;

    private nuint _mapped;
    private PagedMemory _pages;

    private PagedBlock(long size)
        : base(0, ownsHandle: true) => Size = size;

    public override bool IsInvalid => handle == 0;

    /// <summary>In bytes.</summary>
    public long Size { get; }

    /// <summary>Aligned to a huge page on Linux, to a cache line elsewhere.</summary>
    public byte* Address { get; private set; }

    /// <param name="what">Names the memory in errors.</param>
    /// <param name="size">In bytes.</param>
    /// <param name="preference">See <see cref="PagePreference"/>.</param>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where only they would do.</exception>
    public static PagedBlock Allocate(string what, long size, PagePreference preference)
    {
        PagedBlock block = new(size);
        bool isHuge = preference is PagePreference.Auto or PagePreference.Huge && block.TryMap(Interop.CodeMapping.MAP_HUGETLB | Interop.CodeMapping.MAP_HUGE_2MB);
        if (isHuge)
        {
            block._pages = new PagedMemory(PageKind.Huge, default);
            return block;
        }
        if (preference == PagePreference.Huge)
            throw PagedAllocation.NoHugePages(what, size);
        if (!(OperatingSystem.IsLinux() ? block.TryMap(0) : block.TryAllocate()))
            throw PagedAllocation.NoMemory(what, size);
        MemoryRange range = new((nuint)block.Address, (nuint)size);
        bool isAdvised = preference != PagePreference.Normal && TransparentPages.TryAdvise(range.Address, range.Length);
        block._pages = new PagedMemory(isAdvised ? PageKind.Transparent : PageKind.Normal, range);
        return block;
    }

    /// <summary>The pages of most of the memory, to be asked after it has been touched.</summary>
    public PageKind Measure() => _pages.Measure();

    /// <summary>Huge pages, or what was advised.</summary>
    public PagedMemory Pages => _pages;

    protected override bool ReleaseHandle()
    {
        if (_mapped != 0)
            return Interop.CodeMapping.munmap(handle, _mapped) == 0;
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }

    // Huge pages are aligned by the system; other memory gets room for that.
    private bool TryMap(int hugeFlag)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        nuint size = ((nuint)Size + HugePageSize - 1) & ~(HugePageSize - 1);
        if (hugeFlag == 0)
            size += HugePageSize;
        nint mapped = Interop.CodeMapping.mmap(
            0, size, Interop.CodeMapping.PROT_READ | Interop.CodeMapping.PROT_WRITE,
            Interop.CodeMapping.MAP_PRIVATE | Interop.CodeMapping.MAP_ANONYMOUS | hugeFlag, -1, 0);
        if (mapped == Interop.CodeMapping.MAP_FAILED)
            return false;
        SetHandle(mapped);
        _mapped = size;
        Address = (byte*)(((nuint)mapped + HugePageSize - 1) & ~(HugePageSize - 1));
        return true;
    }

    private bool TryAllocate()
    {
        try
        {
            Address = (byte*)NativeMemory.AlignedAlloc((nuint)Size, LineSize);
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
        SetHandle((nint)Address);
        return true;
    }
}

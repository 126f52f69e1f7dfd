using System.Runtime.InteropServices;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Managed;

namespace P2PMiner.Mining.RandomX.Native;

/// <summary>
/// A RandomX dataset: 2080 MiB of 64-byte items. It is filled once, by any number of threads, declared complete, and
/// then never written again. Disposing gives up this object's claim; the memory lives on until the last VM is gone.
/// </summary>
public sealed class RandomXDataset : IDisposable
{
    private readonly PagedMemory _pages;
    private byte[]? _key;

    private RandomXDataset(DatasetHandle handle, PagedMemory pages, int itemCount)
    {
        Handle = handle;
        ItemCount = itemCount;
        _pages = pages;
        PageKind = pages.Kind;
    }

    /// <summary>How many of a dataset's items there is room for, from the first on; all where nothing else was asked for.</summary>
    public int ItemCount { get; }

    /// <summary>Whether there is room for some items only.</summary>
    public bool IsPart => ItemCount < RandomXLibrary.DatasetItemCount;

    /// <summary>The pages that the memory was given or advised; once it is complete, those that it has.</summary>
    public PageKind PageKind { get; private set; }

    /// <summary>Whether <see cref="Complete"/> was called.</summary>
    public bool IsComplete => Volatile.Read(ref _key) is not null;

    /// <summary>The key it was filled with; empty until it is complete.</summary>
    public ReadOnlySpan<byte> Key => Volatile.Read(ref _key);

    /// <summary>Completes when the memory has been given back.</summary>
    public Task Freed => Handle.Freed;

    internal DatasetHandle Handle { get; }

    /// <summary>Allocates an empty dataset. The memory is not touched, so threads that fill it place it on their NUMA node.</summary>
    /// <param name="pages">See <see cref="PagePreference"/>. Explicit huge pages are placed at once, on this thread's node.</param>
    /// <exception cref="RandomXUnavailableException">No usable librandomx.</exception>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where they were asked for.</exception>
    public static RandomXDataset Allocate(PagePreference pages)
    {
        // Its self-test is for who hashes with it: it would take a second from those who fill the dataset.
        RandomXLibrary.Load();
        DatasetHandle handle = PagedAllocation.Allocate(
            "dataset", RandomXLibrary.DatasetSize, RandomXFlags.None, pages, Interop.RandomX.randomx_alloc_dataset, out PagedMemory pagesGot);
        return new RandomXDataset(handle, pagesGot, RandomXLibrary.DatasetItemCount);
    }

    /// <summary>As <see cref="Allocate"/>, without librandomx, which cannot use it then.</summary>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where they were asked for.</exception>
    internal static RandomXDataset AllocateOwn(PagePreference pages, int itemCount = RandomXLibrary.DatasetItemCount)
    {
        PagedBlock block = PagedBlock.Allocate("dataset", (long)itemCount * RandomXLibrary.DatasetItemSize, pages);
        return new RandomXDataset(new OwnDatasetHandle(block), block.Pages, itemCount);
    }

    /// <summary>Computes items from a cache, about 1 µs each. Threads may work on different items at the same time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a range of items.</exception>
    /// <exception cref="InvalidOperationException">The dataset is complete, or allocated by another engine.</exception>
    public void InitItems(RandomXCache cache, int firstItem, int itemCount)
    {
        ArgumentNullException.ThrowIfNull(cache);
        RequireWritableRange(firstItem, itemCount);
        RequireNative();
        Interop.RandomX.randomx_init_dataset(
            Handle, cache.Handle, new CULong((uint)firstItem), new CULong((uint)itemCount));
    }

    /// <summary>Copies items out, as many as the destination, a multiple of 64 bytes, has room for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a range of items.</exception>
    public void CopyItems(int firstItem, Span<byte> destination)
    {
        using DatasetItems items = Borrow(firstItem, destination.Length / RandomXLibrary.DatasetItemSize);
        items.Bytes.CopyTo(destination);
    }

    /// <summary>
    /// Declares that every item has been filled from <paramref name="key"/>, which unlocks full VMs. For the one who led
    /// the filling, when its threads have ended.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is complete already.</exception>
    public void Complete(ReadOnlySpan<byte> key)
    {
        if (IsComplete)
            throw new InvalidOperationException("the dataset is complete already");
        PageKind = _pages.Measure();
        Volatile.Write(ref _key, key.ToArray());
    }

    public void Dispose() => Handle.Dispose();

    /// <summary>The same memory as a dataset that is to be filled. This object keeps the memory, and is not to be used otherwise.</summary>
    /// <param name="returned">Called when the last VM on that dataset is gone, on any thread.</param>
    internal RandomXDataset Lend(Action returned) => new(new LentDatasetHandle(Handle, returned), _pages, ItemCount);

    /// <summary>Direct access to items; the memory cannot go away before the result is disposed.</summary>
    internal DatasetItems Borrow(int firstItem, int itemCount)
    {
        RequireRange(firstItem, itemCount);
        return new DatasetItems(Handle, firstItem, itemCount);
    }

    /// <summary>As <see cref="Borrow"/>, to fill items from elsewhere.</summary>
    internal DatasetItems BorrowForWriting(int firstItem, int itemCount)
    {
        RequireWritableRange(firstItem, itemCount);
        return new DatasetItems(Handle, firstItem, itemCount);
    }

    /// <exception cref="InvalidOperationException">librandomx does not know this memory.</exception>
    internal void RequireNative()
    {
        if (!Handle.IsNative)
            throw new InvalidOperationException("the dataset was allocated by another engine");
    }

    private void RequireWritableRange(int firstItem, int itemCount)
    {
        RequireRange(firstItem, itemCount);
        if (IsComplete)
            throw new InvalidOperationException("a complete dataset is never written again");
    }

    // librandomx ends the process when these do not hold.
    private void RequireRange(int firstItem, int itemCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstItem);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(itemCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(itemCount, ItemCount - firstItem, nameof(itemCount));
    }
}

using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>
/// A cache of some engine: 256 MiB made from one key, never changed. Thread-safe. Disposing gives up this object's claim; the
/// memory lives on until the last hasher made from it is gone.
/// </summary>
public interface IRandomXCache : IDisposable
{
    /// <summary>The key, 0 to 60 bytes.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <summary>The pages that the memory got.</summary>
    PageKind PageKind { get; }

    /// <summary>Computes items of a dataset. Threads may work on different items at the same time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a range of items.</exception>
    /// <exception cref="InvalidOperationException">The dataset is complete, or of another engine that it cannot be shared with.</exception>
    void WriteItems(RandomXDataset dataset, int firstItem, int itemCount);

    /// <summary>Computes single items of a dataset, wherever they are, to look at them.</summary>
    /// <param name="items">Their numbers.</param>
    /// <param name="computed">Gets them in that order, 64 bytes each.</param>
    /// <param name="dataset">Has room for them: they may be in their places afterwards, because some engines compute items nowhere else.</param>
    /// <inheritdoc cref="WriteItems(RandomXDataset, int, int)" path="/exception"/>
    void ComputeItems(ReadOnlySpan<int> items, Span<byte> computed, RandomXDataset dataset)
    {
        for (int i = 0; i < items.Length; i++)
        {
            WriteItems(dataset, items[i], 1);
            dataset.CopyItems(items[i], computed.Slice(i * RandomXLibrary.DatasetItemSize, RandomXLibrary.DatasetItemSize));
        }
    }

    /// <summary>Computes items that are not to be part of a dataset here.</summary>
    /// <param name="firstItem">Number of the first.</param>
    /// <param name="items">Where they go, 64 bytes each, at an address that is a multiple of 64.</param>
    /// <returns>False where this engine computes items of datasets in memory only.</returns>
    /// <exception cref="ArgumentException">Another address.</exception>
    bool TryComputeItems(int firstItem, Span<byte> items) => false;
}

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

    /// <summary>Computes single items of a dataset, wherever they are.</summary>
    /// <inheritdoc cref="WriteItems(RandomXDataset, int, int)" path="/exception"/>
    void WriteItems(RandomXDataset dataset, ReadOnlySpan<int> items)
    {
        foreach (int item in items)
            WriteItems(dataset, item, 1);
    }

    /// <summary>Computes items that are not to be part of a dataset here.</summary>
    /// <param name="firstItem">Number of the first.</param>
    /// <param name="items">Where they go, 64 bytes each, at an address that is a multiple of 64.</param>
    /// <returns>False where this engine computes items of datasets in memory only.</returns>
    bool TryComputeItems(int firstItem, Span<byte> items) => false;
}

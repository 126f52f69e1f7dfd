using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>Computes runs of items only when so many chunks of others were checked, or there will be no more.</summary>
internal sealed class LateCache(IRandomXCache inner, int chunks, Func<bool> isDone) : IRandomXCache
{
    private int _checked;

    public ReadOnlySpan<byte> Key => inner.Key;

    public PageKind PageKind => inner.PageKind;

    public void WriteItems(RandomXDataset dataset, int firstItem, int itemCount)
    {
        SpinWait.SpinUntil(() => Volatile.Read(ref _checked) >= chunks || isDone());
        inner.WriteItems(dataset, firstItem, itemCount);
    }

    public void ComputeItems(ReadOnlySpan<int> items, Span<byte> computed, RandomXDataset dataset)
    {
        inner.ComputeItems(items, computed, dataset);
        Interlocked.Increment(ref _checked);
    }

    public void Dispose()
    {
    }
}

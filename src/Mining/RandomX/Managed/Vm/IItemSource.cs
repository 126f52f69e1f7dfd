namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>Where a machine gets dataset items from: a dataset, or a cache that computes them.</summary>
internal interface IItemSource
{
    /// <summary>XORs the item at <paramref name="number"/> to r0 to r7.</summary>
    void Xor(uint number, Span<ulong> r);
}

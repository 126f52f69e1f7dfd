namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>A dataset's memory that was allocated without librandomx.</summary>
internal sealed class OwnDatasetHandle : DatasetHandle
{
    private readonly PagedBlock _block;

    /// <param name="block">Disposed with this object.</param>
    public unsafe OwnDatasetHandle(PagedBlock block)
    {
        _block = block;
        SetHandle((nint)block.Address);
    }

    internal override bool IsNative => false;

    internal override unsafe byte* Memory => _block.Address;

    protected override void Free() => _block.Dispose();
}

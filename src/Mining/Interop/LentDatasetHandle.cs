namespace P2PMiner.Mining;

/// <summary>A claim on a dataset's memory that another handle owns. When the last user is gone the memory is handed on instead of given back.</summary>
internal sealed class LentDatasetHandle : DatasetHandle
{
    private readonly DatasetHandle _memory;
    private readonly Action _returned;

    /// <param name="memory">Outlives this object.</param>
    /// <param name="returned">Called once, on any thread, also that of the finalizer.</param>
    internal LentDatasetHandle(DatasetHandle memory, Action returned)
    {
        _memory = memory;
        _returned = returned;
        SetHandle(memory.DangerousGetHandle());
    }

    internal override bool IsNative => _memory.IsNative;

    internal override unsafe byte* Memory => _memory.Memory;

    protected override void Free() => _returned();
}

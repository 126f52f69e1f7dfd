using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Mining;

/// <summary>Owns the memory of a dataset: one <c>randomx_dataset</c>, or memory of our own.</summary>
internal class DatasetHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    // Continuations must not run here: this may be the finalizer thread, or a thread that is about to hash.
    private readonly TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the memory has been given back, which is after the last VM on it has gone.</summary>
    internal Task Freed => _freed.Task;

    /// <summary>Whether librandomx can use it.</summary>
    internal virtual bool IsNative => true;

    /// <summary>The first item.</summary>
    internal virtual unsafe byte* Memory => (byte*)Interop.RandomX.randomx_get_dataset_memory(this);

    protected virtual void Free() => Interop.RandomX.randomx_release_dataset(handle);

    protected override bool ReleaseHandle()
    {
        Free();
        _freed.SetResult();
        return true;
    }
}

using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Mining;

/// <summary>Owns one <c>randomx_dataset</c>.</summary>
internal sealed class DatasetHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    // Continuations must not run here: this may be the finalizer thread, or a thread that is about to hash.
    private readonly TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the memory has been given back, which is after the last VM on it has gone.</summary>
    internal Task Freed => _freed.Task;

    protected override bool ReleaseHandle()
    {
        Interop.RandomX.randomx_release_dataset(handle);
        _freed.SetResult();
        return true;
    }
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Mining;

/// <summary>
/// Owns one <c>randomx_vm</c> and a reference on the cache or dataset it reads, given back only after the VM is
/// destroyed. A finalizer of that cache or dataset may run first; it then gives up its own reference and the memory
/// stays until this handle's is gone too.
/// </summary>
internal sealed class VmHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    private SafeHandle? _memory;

    /// <summary>Creates a VM on <paramref name="memory"/> that keeps it alive.</summary>
    /// <param name="memory">A <see cref="CacheHandle"/> or <see cref="DatasetHandle"/>.</param>
    /// <param name="create">The native call; may give an invalid handle, which is returned as it is.</param>
    /// <exception cref="ObjectDisposedException"><paramref name="memory"/> was already given back.</exception>
    internal static VmHandle Create<T>(T memory, Func<T, VmHandle> create)
        where T : SafeHandle
    {
        bool referenced = false;
        memory.DangerousAddRef(ref referenced);
        VmHandle? vm = null;
        try
        {
            vm = create(memory);
            if (!vm.IsInvalid)
                vm._memory = memory;
            return vm;
        }
        finally
        {
            if (vm?._memory is null)
                memory.DangerousRelease();
        }
    }

    protected override bool ReleaseHandle()
    {
        Interop.RandomX.randomx_destroy_vm(handle);
        _memory?.DangerousRelease();
        return true;
    }
}

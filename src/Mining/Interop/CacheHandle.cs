using Microsoft.Win32.SafeHandles;

namespace P2PMiner.Mining;

/// <summary>Owns one <c>randomx_cache</c>.</summary>
internal sealed class CacheHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        Interop.RandomX.randomx_release_cache(handle);
        return true;
    }
}

using System.Runtime.InteropServices;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>How machine code finds a line of the cache.</summary>
/// <param name="Mask">Of addresses in bytes.</param>
/// <param name="Cache">Address of the first line.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct LineSource(ulong Mask, nint Cache)
{
    /// <summary>Where <see cref="Cache"/> is in it; <see cref="Mask"/> is at its beginning.</summary>
    public const int CacheOffset = sizeof(ulong);
}

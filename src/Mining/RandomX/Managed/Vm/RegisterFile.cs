using System.Runtime.InteropServices;

namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>The registers as they are hashed: r0–r7, f0–f3, e0–e3, a0–a3, 256 bytes (specification, chapter 1.1).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RegisterFile
{
    public const int Size = 256;

    /// <summary>r0 to r7.</summary>
    public fixed ulong R[8];

    /// <summary>f0 to f3, low half before high half.</summary>
    public fixed double F[8];

    /// <summary>e0 to e3.</summary>
    public fixed double E[8];

    /// <summary>a0 to a3.</summary>
    public fixed double A[8];
}

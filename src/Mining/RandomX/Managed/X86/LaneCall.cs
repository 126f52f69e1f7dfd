using System.Runtime.InteropServices;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>A lane whose code is to be called.</summary>
/// <param name="Context">The lane's, <see cref="LaneContext.Bias"/> bytes in.</param>
/// <param name="Code">Its code.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct LaneCall(nint Context, nint Code);

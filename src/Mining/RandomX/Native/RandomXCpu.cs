using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace P2PMiner.Mining.RandomX.Native;

/// <summary>
/// Which RandomX flags this CPU can run. librandomx trusts its caller here: a flag too many ends in an illegal
/// instruction, so every flag is checked before it reaches native code.
/// </summary>
public static class RandomXCpu
{
    private const RandomXFlags CpuFlags =
        RandomXFlags.HardAes | RandomXFlags.Jit | RandomXFlags.Argon2Ssse3 | RandomXFlags.Argon2Avx2;

    private const RandomXFlags AllFlags =
        CpuFlags | RandomXFlags.LargePages | RandomXFlags.FullMemory | RandomXFlags.Secure;

    /// <summary>The fastest flags that work here; like <c>randomx_get_flags</c>, without memory and page flags.</summary>
    public static RandomXFlags SupportedFlags { get; } = Detect();

    /// <summary>Refuses flags that this CPU cannot run.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A bit that is no flag of librandomx 1.1.10.</exception>
    /// <exception cref="PlatformNotSupportedException">A flag whose instructions are missing; one line for the user.</exception>
    public static void RequireSupported(RandomXFlags flags) => RequireSupported(flags, SupportedFlags);

    internal static void RequireSupported(RandomXFlags flags, RandomXFlags supported)
    {
        if ((flags & ~AllFlags) != 0)
            throw new ArgumentOutOfRangeException(nameof(flags), flags, "not a flag of librandomx 1.1.10");
        RandomXFlags missing = flags & CpuFlags & ~supported;
        if (missing != 0)
        {
            throw new PlatformNotSupportedException(
                $"this CPU cannot run RandomX with {missing}; use {supported} or less");
        }
    }

    private static RandomXFlags Detect()
    {
        RandomXFlags flags = RandomXFlags.None;
        if (RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64)
            flags |= RandomXFlags.Jit;
        if (X86Aes.IsSupported || ArmAes.IsSupported)
            flags |= RandomXFlags.HardAes;
        if (Ssse3.IsSupported)
            flags |= RandomXFlags.Argon2Ssse3;
        if (Avx2.IsSupported)
            flags |= RandomXFlags.Argon2Avx2;
        return flags;
    }
}

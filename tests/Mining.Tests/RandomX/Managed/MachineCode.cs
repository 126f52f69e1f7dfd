using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using P2PMiner.Mining.RandomX.Managed.X86;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>What tests of machine code need.</summary>
internal static class MachineCode
{
    /// <summary>Those that this CPU can do.</summary>
    public static IReadOnlyList<RoundingKind> Roundings { get; } =
        Avx512F.IsSupported ? [RoundingKind.Register, RoundingKind.Embedded] : [RoundingKind.Register];

    /// <summary>Ends a test where none is made.</summary>
    public static void Require()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            Assert.Ignore("machine code is made on x86-64 Linux only");
    }
}

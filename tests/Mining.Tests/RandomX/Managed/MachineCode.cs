using System.Runtime.InteropServices;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>What tests of machine code need.</summary>
internal static class MachineCode
{
    /// <summary>Ends a test where none is made.</summary>
    public static void Require()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            Assert.Ignore("machine code is made on x86-64 Linux only");
    }
}

using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using P2PMiner.Hardware.Interop;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace P2PMiner.Hardware;

/// <summary>
/// What the framework tells on macOS and Windows: CPU count, flags and memory. Cores, caches and NUMA stay unknown.
/// </summary>
internal static class FrameworkProbe
{
    private const string NoTopology = "cores, caches and NUMA nodes are not read on this system: every logical CPU counts as a core";
    private const byte NoBattery = 128;
    private const byte UnknownPercent = 255;

    /// <summary>Whether the CPU has AES rounds on 256-bit and, with AVX-512, 512-bit vectors (Intel SDM, volume 2A, CPUID leaf 7: bit 9 of ECX).</summary>
    public static bool HasVaes => Avx2.IsSupported && Leaf7(leaf => (leaf.Ecx >> 9 & 1) != 0);

    public static HardwareInfo Read()
    {
        int[] cpus = [.. Enumerable.Range(0, Environment.ProcessorCount)];
        MemoryInfo memory = ReadMemory();
        return new HardwareInfo(
            new CpuInfo(Vendor(), Model(), Version(), ReadFeatures()),
            [.. cpus.Select(cpu => new LogicalCpu(cpu, cpu, 0, 0, CoreKind.Uniform))],
            cpus,
            [],
            [new NumaNode(0, cpus, memory.TotalBytes, memory.AvailableBytes)],
            memory,
            new CgroupLimits(null, null, null, null),
            new PageInfo(null, null, TransparentPageState.Unknown),
            ReadPower(),
            [NoTopology]);
    }

    /// <summary>For a Linux whose /proc/cpuinfo tells no flags.</summary>
    public static HardwareInfo WithFeatures(HardwareInfo info) =>
        info with { Cpu = info.Cpu with { Features = ReadFeatures() }, Notes = [.. info.Notes, "CPU flags come from the .NET runtime instead"] };

    public static PowerInfo ReadPower()
    {
        if (!OperatingSystem.IsWindows() || !Kernel32.GetSystemPowerStatus(out Kernel32.SystemPowerStatus status))
            return new PowerInfo(PowerSource.Unknown, HasBattery: false, BatteryPercent: null);
        PowerSource source = status.ACLineStatus switch
        {
            0 => PowerSource.Battery,
            1 => PowerSource.Mains,
            _ => PowerSource.Unknown,
        };
        bool battery = (status.BatteryFlag & NoBattery) == 0;
        return new PowerInfo(source, battery, battery && status.BatteryLifePercent != UnknownPercent ? status.BatteryLifePercent : null);
    }

    /// <summary>The framework knows the load of memory from its last collection, so one is made when there was none.</summary>
    private static MemoryInfo ReadMemory()
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        if (memory.Index == 0)
        {
            GC.Collect(0);
            memory = GC.GetGCMemoryInfo();
        }
        long total = memory.TotalAvailableMemoryBytes;
        return total <= 0 ? new MemoryInfo(null, null) : new MemoryInfo(total, Math.Max(0, total - memory.MemoryLoadBytes));
    }

    private static CpuFeatures ReadFeatures() => new(
        Aes: X86Aes.IsSupported || ArmAes.IsSupported,
        Ssse3: Ssse3.IsSupported,
        Avx2: Avx2.IsSupported,
        Vaes: HasVaes,
        Avx512F: Avx512F.IsSupported,
        Avx512Bw: Avx512BW.IsSupported,
        Avx512Dq: Avx512DQ.IsSupported,
        Avx512Vl: Avx512F.VL.IsSupported,
        // Intel SDM, volume 2A, CPUID leaf 7.
        Avx512Ifma: Avx512F.IsSupported && Leaf7(leaf => (leaf.Ebx >> 21 & 1) != 0));

    private static bool Leaf7(Func<(int Eax, int Ebx, int Ecx, int Edx), bool> test) =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && test(X86Base.CpuId(7, 0));

    private static string Vendor()
    {
        if (!X86Base.IsSupported)
            return "unknown";
        (_, int ebx, int ecx, int edx) = X86Base.CpuId(0, 0);
        return Text([ebx, edx, ecx]);
    }

    /// <summary>CPUID leaves 0x80000002 to 0x80000004 hold the processor brand string.</summary>
    private static string Model()
    {
        const int BrandLeaf = unchecked((int)0x80000002);
        if (!X86Base.IsSupported || X86Base.CpuId(unchecked((int)0x80000000), 0).Eax is >= 0 or < BrandLeaf + 2)
            return RuntimeInformation.ProcessArchitecture.ToString();
        int[] registers = new int[12];
        for (int i = 0; i < 3; i++)
            (registers[4 * i], registers[4 * i + 1], registers[4 * i + 2], registers[4 * i + 3]) = X86Base.CpuId(BrandLeaf + i, 0);
        return Text(registers);
    }

    // Intel SDM, volume 2A, CPUID leaf 1: the extended fields count only with these families.
    private static string? Version()
    {
        if (!X86Base.IsSupported)
            return null;
        int signature = X86Base.CpuId(1, 0).Eax;
        int family = signature >> 8 & 15;
        int model = signature >> 4 & 15;
        if (family is 6 or 15)
            model |= signature >> 12 & 0xF0;
        if (family == 15)
            family += signature >> 20 & 0xFF;
        return CpuInfo.VersionOf(family, model, stepping: signature & 15);
    }

    private static string Text(int[] registers) =>
        Encoding.ASCII.GetString(MemoryMarshal.AsBytes(registers.AsSpan())).Replace("\0", "", StringComparison.Ordinal).Trim();
}

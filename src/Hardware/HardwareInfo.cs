using System.Text.Json.Serialization;

namespace P2PMiner.Hardware;

/// <summary>
/// What a machine is and may use, as its kernel tells. A field that could not be read is null, empty or
/// <c>Unknown</c>, and <paramref name="Notes"/> says so.
/// </summary>
/// <param name="Cpu">The processor model; that of the first CPU where they differ.</param>
/// <param name="LogicalCpus">Online logical CPUs by ascending id; never empty.</param>
/// <param name="AllowedCpus">Those of them that this process may run on (affinity mask and cgroup cpuset); never empty.</param>
/// <param name="Caches">Each physical cache once, by level, type and first CPU; empty when unknown.</param>
/// <param name="NumaNodes">By ascending id; never empty. A machine without NUMA has one node with all CPUs.</param>
/// <param name="Memory">The machine's memory, before cgroup limits.</param>
/// <param name="Limits">What the process's cgroups allow.</param>
/// <param name="Pages">Huge pages, reserved and transparent.</param>
/// <param name="Power">Where the power comes from.</param>
/// <param name="Notes">One sentence for each field that is incomplete.</param>
public sealed record HardwareInfo(
    CpuInfo Cpu,
    IReadOnlyList<LogicalCpu> LogicalCpus,
    IReadOnlyList<int> AllowedCpus,
    IReadOnlyList<CacheInfo> Caches,
    IReadOnlyList<NumaNode> NumaNodes,
    MemoryInfo Memory,
    CgroupLimits Limits,
    PageInfo Pages,
    PowerInfo Power,
    IReadOnlyList<string> Notes)
{
    /// <summary>Online physical cores.</summary>
    public int PhysicalCores { get; } = LogicalCpus.Select(cpu => cpu.Core).Distinct().Count();

    /// <summary>Online processor packages (sockets).</summary>
    public int Packages { get; } = LogicalCpus.Select(cpu => cpu.Package).Distinct().Count();

    /// <summary>Whether some core runs more than one logical CPU.</summary>
    public bool Smt => PhysicalCores < LogicalCpus.Count;
}

/// <summary>The processor model.</summary>
/// <param name="Vendor">As the CPU names itself, for example <c>AuthenticAMD</c>; "unknown" when it does not.</param>
/// <param name="Model">The marketing name; "unknown" when there is none.</param>
/// <param name="Version">Family, model and stepping, by which processors of one name differ: virtual machines often tell a short one. Null when unknown.</param>
/// <param name="Features">Null when unknown; no feature may then be assumed.</param>
public sealed record CpuInfo(string Vendor, string Model, string? Version, CpuFeatures? Features)
{
    /// <summary>Model and version.</summary>
    [JsonIgnore]
    public string FullName => Version is null ? Model : $"{Model} ({Version})";

    internal static string VersionOf(int family, int model, int stepping) => $"family {family}, model {model}, stepping {stepping}";
}

/// <summary>Instruction set extensions that matter to RandomX engines. True only where the operating system enables them too.</summary>
/// <param name="Aes">AES rounds (x86 AES-NI, Arm AES).</param>
/// <param name="Ssse3">x86 byte shuffles.</param>
/// <param name="Avx2">x86 256-bit integer vectors.</param>
/// <param name="Vaes">x86 AES rounds on 256-bit and wider vectors.</param>
/// <param name="Avx512F">x86 512-bit vectors.</param>
/// <param name="Avx512Bw">Its byte and word instructions.</param>
/// <param name="Avx512Dq">Its doubleword and quadword instructions.</param>
/// <param name="Avx512Vl">Its instructions on 128-bit and 256-bit vectors.</param>
/// <param name="Avx512Ifma">Its 52-bit integer multiply-add.</param>
public sealed record CpuFeatures(
    bool Aes,
    bool Ssse3,
    bool Avx2,
    bool Vaes,
    bool Avx512F,
    bool Avx512Bw,
    bool Avx512Dq,
    bool Avx512Vl,
    bool Avx512Ifma);

/// <summary>Which of two kinds of core a hybrid processor's CPU is.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<CoreKind>))]
public enum CoreKind
{
    /// <summary>All cores are alike.</summary>
    Uniform,

    /// <summary>A fast core of a hybrid processor (Intel P-core, Arm big).</summary>
    Performance,

    /// <summary>A slow core of a hybrid processor (Intel E-core, Arm LITTLE).</summary>
    Efficiency,
}

/// <summary>One hardware thread.</summary>
/// <param name="Id">The operating system's number of it.</param>
/// <param name="Core">The lowest id among the logical CPUs of its physical core.</param>
/// <param name="Package">The socket; 0 when unknown.</param>
/// <param name="NumaNode">The id of its <see cref="NumaNode"/>.</param>
/// <param name="Kind">Kind of its core.</param>
public sealed record LogicalCpu(int Id, int Core, int Package, int NumaNode, CoreKind Kind);

/// <summary>What a cache holds.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<CacheType>))]
public enum CacheType
{
    /// <summary>Data only.</summary>
    Data,

    /// <summary>Instructions only.</summary>
    Instruction,

    /// <summary>Both.</summary>
    Unified,
}

/// <summary>One physical cache.</summary>
/// <param name="Level">1 is nearest to the core.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Bytes">Its capacity.</param>
/// <param name="Cpus">The online logical CPUs that share it, ascending.</param>
public sealed record CacheInfo(int Level, CacheType Type, long Bytes, IReadOnlyList<int> Cpus);

/// <summary>One NUMA node.</summary>
/// <param name="Id">The operating system's number of it.</param>
/// <param name="Cpus">Its online logical CPUs, ascending; empty for a node that is memory only.</param>
/// <param name="TotalBytes">Its memory; null when unknown.</param>
/// <param name="AvailableBytes">
/// Estimate of what can be had without swapping: free pages and half of file pages and reclaimable slab (the kernel
/// gives no such number per node); null when unknown.
/// </param>
public sealed record NumaNode(int Id, IReadOnlyList<int> Cpus, long? TotalBytes, long? AvailableBytes);

/// <summary>The machine's memory in bytes; null where unknown.</summary>
/// <param name="TotalBytes">Installed and usable.</param>
/// <param name="AvailableBytes">What can be had without swapping, reserved huge pages not included.</param>
public sealed record MemoryInfo(long? TotalBytes, long? AvailableBytes);

/// <summary>The strictest of each limit over all cgroups (v1 and v2) from the process's own up to the root; null: none.</summary>
/// <param name="MemoryLimitBytes">The lowest memory limit.</param>
/// <param name="MemoryAvailableBytes">The least that any limited cgroup has left, reclaimable file cache counted as free.</param>
/// <param name="CpuQuota">CPU time per time: 0.5 is half a CPU.</param>
/// <param name="Cpuset">The CPUs of the cpuset, ascending.</param>
public sealed record CgroupLimits(
    long? MemoryLimitBytes, long? MemoryAvailableBytes, double? CpuQuota, IReadOnlyList<int>? Cpuset);

/// <summary>When the kernel backs ordinary memory with huge pages.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<TransparentPageState>))]
public enum TransparentPageState
{
    /// <summary>Not told, or not known on this platform.</summary>
    Unknown,

    /// <summary>Not at all.</summary>
    Never,

    /// <summary>Where the program asks for it.</summary>
    Madvise,

    /// <summary>Everywhere.</summary>
    Always,
}

/// <summary>A pool of reserved huge pages of one size, counted in pages.</summary>
public sealed record HugePagePool(long Total, long Free);

/// <summary>Huge pages, reserved and transparent.</summary>
/// <param name="TwoMiB">Pool of 2 MiB pages; null when the kernel has none or does not tell.</param>
/// <param name="OneGiB">Pool of 1 GiB pages; null when the kernel has none or does not tell.</param>
/// <param name="Transparent">State of transparent huge pages.</param>
public sealed record PageInfo(HugePagePool? TwoMiB, HugePagePool? OneGiB, TransparentPageState Transparent);

/// <summary>Where the power comes from.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<PowerSource>))]
public enum PowerSource
{
    /// <summary>Not told.</summary>
    Unknown,

    /// <summary>The grid, also for a machine without a battery.</summary>
    Mains,

    /// <summary>A battery or UPS that is being drained.</summary>
    Battery,
}

/// <summary>Power supply of the machine; batteries of mice and the like do not count.</summary>
/// <param name="Source">What it runs on now.</param>
/// <param name="HasBattery">Whether it could run on a battery or UPS.</param>
/// <param name="BatteryPercent">Charge of the emptiest battery, 0 to 100; null when unknown or without one.</param>
public sealed record PowerInfo(PowerSource Source, bool HasBattery, int? BatteryPercent);

using System.Globalization;
using P2PMiner.Hardware;
using P2PMiner.Node.Api;

namespace P2PMiner.Node.Terminal;

/// <summary>The machine and the plans made for it, in words.</summary>
internal static class ProbeReport
{
    public static IReadOnlyList<ReportSection> Of(HardwareReport report)
    {
        HardwareInfo hardware = report.Hardware;
        return
        [
            new("Processor", Processor(hardware)),
            new("Memory", Memory(hardware)),
            new("Limits and power", Limits(hardware)),
            new("Plan",
            [
                new("threads", report.ThreadPlan.Reason),
                new("CPUs", string.Join(", ", report.ThreadPlan.Threads.Select(thread => thread.Cpu))),
                new("memory", report.MemoryPlan.Reason),
            ]),
            .. hardware.Notes.Count == 0
                ? Array.Empty<ReportSection>()
                : [new ReportSection("Notes", [.. hardware.Notes.Select(note => new ReportRow("note", note))])],
        ];
    }

    private static List<ReportRow> Processor(HardwareInfo hardware) =>
    [
        new("model", hardware.Cpu.FullName),
        new("flags", Flags(hardware.Cpu.Features)),
        new("cores", string.Join(", ",
            Count(hardware.PhysicalCores, "core"), Count(hardware.LogicalCpus.Count, "logical CPU"),
            Count(hardware.Packages, "socket"), Count(hardware.NumaNodes.Count, "NUMA node"))),
        .. hardware.Caches.Where(cache => cache.Type != CacheType.Instruction)
            .GroupBy(cache => (cache.Level, cache.Bytes, Shared: cache.Cpus.Count))
            .Select(group => new ReportRow(
                $"L{group.Key.Level}", $"{group.Count()} × {Size(group.Key.Bytes)}, each for {Count(group.Key.Shared, "logical CPU")}")),
    ];

    private static List<ReportRow> Memory(HardwareInfo hardware) =>
    [
        new("total", Bytes(hardware.Memory.TotalBytes)),
        new("available", Bytes(hardware.Memory.AvailableBytes)),
        new("huge pages", Pool("2 MiB", hardware.Pages.TwoMiB) + "; " + Pool("1 GiB", hardware.Pages.OneGiB)),
        new("transparent", hardware.Pages.Transparent.ToString().ToLowerInvariant()),
    ];

    private static List<ReportRow> Limits(HardwareInfo hardware) =>
    [
        new("cgroup memory", hardware.Limits.MemoryLimitBytes is long limit
            ? $"{Units.Bytes(limit)}, {Bytes(hardware.Limits.MemoryAvailableBytes)} left"
            : "no limit"),
        new("cgroup CPU", hardware.Limits.CpuQuota is double quota
            ? string.Create(CultureInfo.InvariantCulture, $"{quota:0.##} CPUs")
            : "no limit"),
        new("allowed CPUs", $"{hardware.AllowedCpus.Count} of {hardware.LogicalCpus.Count}"),
        new("power", hardware.Power.Source.ToString().ToLowerInvariant()
            + (hardware.Power.BatteryPercent is int percent ? $", battery at {percent}%" : "")),
    ];

    private static string Flags(CpuFeatures? features)
    {
        if (features is null)
            return "unknown";
        (string Name, bool Has)[] all =
        [
            ("AES", features.Aes), ("SSSE3", features.Ssse3), ("AVX2", features.Avx2), ("VAES", features.Vaes),
            ("AVX512F", features.Avx512F), ("AVX512BW", features.Avx512Bw), ("AVX512DQ", features.Avx512Dq),
            ("AVX512VL", features.Avx512Vl), ("AVX512IFMA", features.Avx512Ifma),
        ];
        string text = string.Join(' ', all.Where(flag => flag.Has).Select(flag => flag.Name));
        return text.Length == 0 ? "none that helps" : text;
    }

    private static string Pool(string size, HugePagePool? pool) =>
        pool is null ? $"{size}: none" : $"{size}: {pool.Free} of {pool.Total} free";

    private static string Bytes(long? bytes) => bytes is long known ? Units.Bytes(known) : "unknown";

    private static string Count(int number, string what) => number == 1 ? $"1 {what}" : $"{number} {what}s";

    private static string Size(long bytes) =>
        bytes < 1 << 20 ? $"{bytes >> 10} KiB" : Units.Bytes(bytes);
}

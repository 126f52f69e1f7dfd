using System.Text.Json;

namespace P2PMiner.Hardware.Tests;

public sealed class HardwareProbeTests
{
    private const long MiB = 1 << 20;
    private const long KiB = 1 << 10;

    [TestCaseSource(typeof(Topology), nameof(Topology.Names))]
    public void Topology_SaysWhereItComesFrom(string name) =>
        Assert.That(Topology.Load(name).Source, Does.Match("[Rr]ecord|[Cc]omposed"));

    [TestCaseSource(typeof(Topology), nameof(Topology.Names))]
    public void Read_OfTopology_SurvivesJson(string name)
    {
        HardwareInfo info = TempRoot.Read(name);
        JsonSerializerOptions options = new(JsonSerializerDefaults.Web);
        string json = JsonSerializer.Serialize(info, options);
        Assert.That(json, Does.Contain("\"physicalCores\":").And.Contain("\"kind\":\"").And.Not.Contain("\"kind\":\"U"));
        Assert.That(JsonSerializer.Serialize(JsonSerializer.Deserialize<HardwareInfo>(json, options), options), Is.EqualTo(json));
    }

    // name, vendor, logical CPUs, cores, packages, aes, avx2, L3 caches, their KiB, nodes
    [TestCase("laptop-core2-2gb", "GenuineIntel", 2, 2, 1, false, false, 0, 0, 1)]
    [TestCase("ryzen-2700x", "AuthenticAMD", 16, 8, 1, true, true, 2, 8192, 1)]
    [TestCase("ryzen-3700x", "AuthenticAMD", 16, 8, 1, true, true, 2, 16384, 1)]
    [TestCase("ryzen-5950x", "AuthenticAMD", 32, 16, 1, true, true, 2, 32768, 1)]
    [TestCase("ryzen-5800x3d", "AuthenticAMD", 16, 8, 1, true, true, 1, 98304, 1)]
    [TestCase("intel-12900k", "GenuineIntel", 24, 16, 1, true, true, 1, 30720, 1)]
    [TestCase("dual-xeon-e5-2680v2", "GenuineIntel", 40, 20, 2, true, false, 2, 25600, 2)]
    [TestCase("raspberry-pi-4", "0x41", 4, 4, 1, false, false, 0, 0, 1)]
    [TestCase("vm-2-cores-shared-l3", "AuthenticAMD", 2, 2, 1, true, true, 1, 32768, 1)]
    public void Read_OfTopology_FindsCpus(
        string name, string vendor, int logical, int cores, int packages, bool aes, bool avx2, int l3Caches, long l3KiB, int nodes)
    {
        HardwareInfo info = TempRoot.Read(name);
        List<CacheInfo> l3 = [.. info.Caches.Where(cache => cache.Level == 3)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(info.Cpu.Vendor, Is.EqualTo(vendor));
            Assert.That(info.LogicalCpus.Select(cpu => cpu.Id), Is.EqualTo(Enumerable.Range(0, logical)));
            Assert.That(info.AllowedCpus, Has.Count.EqualTo(logical));
            Assert.That(info.PhysicalCores, Is.EqualTo(cores));
            Assert.That(info.Smt, Is.EqualTo(cores < logical));
            Assert.That(info.Packages, Is.EqualTo(packages));
            Assert.That((info.Cpu.Features?.Aes, info.Cpu.Features?.Avx2), Is.EqualTo(((bool?)aes, (bool?)avx2)));
            Assert.That(l3, Has.Count.EqualTo(l3Caches));
            Assert.That(l3, Has.All.Matches<CacheInfo>(cache => cache!.Bytes == l3KiB * KiB && cache.Cpus.Count == logical / l3Caches));
            Assert.That(info.NumaNodes, Has.Count.EqualTo(nodes));
        }
    }

    [Test]
    public void Read_OfRecordedMachine_FindsEverything()
    {
        HardwareInfo info = TempRoot.Read("vm-2-cores-shared-l3");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(info.Notes, Is.Empty);
            Assert.That((info.Cpu.Model, info.Cpu.Version), Is.EqualTo(("AMD EPYC", "family 26, model 2, stepping 1")));
            Assert.That(info.Cpu.Features, Is.EqualTo(new CpuFeatures(true, true, true, true, true, true, true, true, true)));
            Assert.That(info.Caches, Has.Count.EqualTo(7));
            Assert.That(info.Caches.Count(cache => cache.Type == CacheType.Instruction), Is.EqualTo(2));
            Assert.That(info.Memory.TotalBytes, Is.EqualTo(24684092 * KiB));
            Assert.That(info.Memory.AvailableBytes, Is.GreaterThan(20000 * MiB).And.LessThan(24684092 * KiB));
            Assert.That(info.Limits, Is.EqualTo(new CgroupLimits(null, null, null, info.Limits.Cpuset)));
            Assert.That(info.Limits.Cpuset, Is.EqualTo(new[] { 0, 1 }));
            Assert.That(info.Pages, Is.EqualTo(new PageInfo(new HugePagePool(0, 0), new HugePagePool(0, 0), TransparentPageState.Madvise)));
            Assert.That(info.Power, Is.EqualTo(new PowerInfo(PowerSource.Mains, false, null)));
        }
    }

    [Test]
    public void Read_OfHybrid_TellsKindsOfCore()
    {
        HardwareInfo info = TempRoot.Read("intel-12900k");
        Assert.That(info.LogicalCpus.Select(cpu => cpu.Kind), Is.EqualTo(
            Enumerable.Repeat(CoreKind.Performance, 16).Concat(Enumerable.Repeat(CoreKind.Efficiency, 8))));
    }

    [TestCase(new[] { 446, 446, 1024, 1024 }, new[] { CoreKind.Efficiency, CoreKind.Efficiency, CoreKind.Performance, CoreKind.Performance })]
    [TestCase(new[] { 960, 1024, 1000, 1024 }, new[] { CoreKind.Uniform, CoreKind.Uniform, CoreKind.Uniform, CoreKind.Uniform })]
    public void Read_OfCapacities_TellsKindsOfCore(int[] capacities, CoreKind[] expected)
    {
        using TempRoot root = new(Topology.Load("raspberry-pi-4"));
        for (int cpu = 0; cpu < capacities.Length; cpu++)
            root.Write($"/sys/devices/system/cpu/cpu{cpu}/cpu_capacity", $"{capacities[cpu]}\n");
        Assert.That(HardwareProbe.Read(root.Root).LogicalCpus.Select(cpu => cpu.Kind), Is.EqualTo(expected));
    }

    [Test]
    public void Read_OfTwoSockets_TellsNodes()
    {
        HardwareInfo info = TempRoot.Read("dual-xeon-e5-2680v2");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(info.NumaNodes[1].Cpus, Is.EqualTo(Enumerable.Range(10, 10).Concat(Enumerable.Range(30, 10))));
            Assert.That(info.NumaNodes[1].AvailableBytes, Is.EqualTo(62000000 * KiB));
            Assert.That(info.LogicalCpus[30], Is.EqualTo(new LogicalCpu(30, 10, 1, 1, CoreKind.Uniform)));
            Assert.That(info.Pages.OneGiB, Is.EqualTo(new HugePagePool(6, 6)));
        }
    }

    [Test]
    public void Read_OfBoardWithoutNuma_AssumesOneNodeAndSaysSo()
    {
        HardwareInfo info = TempRoot.Read("raspberry-pi-4");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((info.Cpu.Model, info.Cpu.Version), Is.EqualTo(("Raspberry Pi 4 Model B Rev 1.4", (string?)null)));
            Assert.That(info.NumaNodes.Single().Cpus, Is.EqualTo(new[] { 0, 1, 2, 3 }));
            Assert.That(info.Notes, Has.One.Contains("NUMA"));
        }
    }

    [TestCase("container-1gib-v2", 1024 * MiB, (1024 - 120 + 40) * MiB)]
    [TestCase("container-1gib-v1", 1024 * MiB, (1024 - 120 + 40) * MiB)]
    public void Read_OfContainer_TellsMemoryLeft(string name, long limit, long available)
    {
        HardwareInfo info = TempRoot.Read(name);
        Assert.That((info.Limits.MemoryLimitBytes, info.Limits.MemoryAvailableBytes), Is.EqualTo((limit, available)));
    }

    [TestCase("container-half-cpu-v2")]
    [TestCase("container-half-cpu-v1")]
    public void Read_OfContainer_TellsQuotaAndCpus(string name)
    {
        HardwareInfo info = TempRoot.Read(name);
        Assert.That((info.Limits.CpuQuota, string.Join(',', info.AllowedCpus)), Is.EqualTo((0.5, "1")));
    }

    [TestCase("1", "Charging", PowerSource.Mains)]
    [TestCase("1", "Discharging", PowerSource.Mains)]
    [TestCase("0", "Discharging", PowerSource.Battery)]
    [TestCase("0", "Unknown", PowerSource.Battery)]
    [TestCase("?", "Discharging", PowerSource.Battery)]
    [TestCase("?", "Full", PowerSource.Mains)]
    [TestCase("?", "?", PowerSource.Unknown)]
    public void ReadPower_JudgesChargerBeforeBattery(string online, string status, PowerSource expected)
    {
        using TempRoot root = new(Topology.Load("laptop-core2-2gb"));
        root.Write("/sys/class/power_supply/AC/online", online);
        root.Write("/sys/class/power_supply/BAT0/status", status);
        Assert.That(HardwareProbe.ReadPower(root.Root), Is.EqualTo(new PowerInfo(expected, true, 61)));
    }

    [Test]
    public void ReadPower_IgnoresBatteryOfMouse()
    {
        using TempRoot root = new();
        root.Write("/sys/class/power_supply/hidpp_battery_0/type", "Battery");
        root.Write("/sys/class/power_supply/hidpp_battery_0/scope", "Device");
        root.Write("/sys/class/power_supply/hidpp_battery_0/status", "Discharging");
        Assert.That(HardwareProbe.ReadPower(root.Root), Is.EqualTo(new PowerInfo(PowerSource.Mains, false, null)));
    }

    [Test]
    public void Read_OfEmptyTree_AssumesLeastAndSaysSo()
    {
        using TempRoot root = new();
        HardwareInfo info = HardwareProbe.Read(root.Root);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(info.LogicalCpus, Is.EqualTo(new[] { new LogicalCpu(0, 0, 0, 0, CoreKind.Uniform) }));
            Assert.That(info.AllowedCpus, Is.EqualTo(new[] { 0 }));
            Assert.That((info.Cpu.Vendor, info.Cpu.Model, info.Cpu.Features), Is.EqualTo(("unknown", "unknown", (CpuFeatures?)null)));
            Assert.That(info.Memory, Is.EqualTo(new MemoryInfo(null, null)));
            Assert.That(info.Power.Source, Is.EqualTo(PowerSource.Unknown));
            Assert.That(info.Notes, Has.Count.GreaterThanOrEqualTo(8));
        }
    }

    [Test]
    public void Read_OfThisMachine_AgreesWithTheFramework()
    {
        HardwareInfo info = HardwareProbe.Read();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(info.LogicalCpus, Is.Not.Empty);
            Assert.That(info.AllowedCpus, Has.Count.GreaterThanOrEqualTo(Environment.ProcessorCount));
            Assert.That(info.Memory.TotalBytes, Is.GreaterThanOrEqualTo(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes));
            Assert.That(info.Cpu.Features!.Avx2, Is.EqualTo(System.Runtime.Intrinsics.X86.Avx2.IsSupported));
        }
    }

    [Test]
    public void FrameworkProbe_OnAnySystem_GivesAPlannableMachine()
    {
        HardwareInfo info = FrameworkProbe.Read();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(info.AllowedCpus, Has.Count.EqualTo(Environment.ProcessorCount));
            Assert.That(info.Memory.AvailableBytes, Is.Positive.And.LessThanOrEqualTo(info.Memory.TotalBytes ?? 0));
            Assert.That(ThreadPlanner.Plan(info, new ThreadRequest()).Threads, Has.Count.EqualTo(Environment.ProcessorCount));
            Assert.That(ThreadPlanner.Plan(info, new ThreadRequest()).Reason, Does.Contain("cache sizes are unknown"));
        }
    }

    [Test]
    public void FrameworkProbe_TellsTheFlagsThatTheKernelTells()
    {
        Assume.That(OperatingSystem.IsLinux());
        Assert.That(FrameworkProbe.Read().Cpu, Is.EqualTo(HardwareProbe.Read().Cpu));
    }
}

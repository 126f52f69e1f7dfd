using System.Text;
using System.Text.Json;
using P2PMiner.Hardware.Linux;

namespace P2PMiner.Hardware.Tests;

/// <summary>Damages one file at a time: reading never throws, and only fields that the file serves may change.</summary>
public sealed class DamagedTreeTests
{
    private const int Seed = 20260;
    private const int LeastInputs = 2600;
    private const int MutationsPerFile = 6;

    /// <summary>Trees of machines with few CPUs have fewer files, and each of these is damaged.</summary>
    private const int LargeTree = 100;

    /// <summary>Files are alike for each CPU of a large tree, so some of them stand for all.</summary>
    private const int FilesOfLargeTree = 15;

    private static readonly Func<string, string?>[] Damages =
    [
        _ => null,
        _ => "",
        _ => "\0\u0001garbage \uFFFD :-,,--\n\n::\n",
        _ => "99999999999999999999999999",
        _ => "-1",
        text => text[..(text.Length / 2)],
        text => new StringBuilder().Insert(0, text, Math.Max(1, SystemTree.MaxValueBytes / Math.Max(1, text.Length)) + 2).ToString(),
        text => new string('7', (text.Length > 4096 ? SystemTree.MaxTableBytes : SystemTree.MaxValueBytes) + 1),
    ];

    private static readonly (string Prefix, string[] Fields)[] Served =
    [
        ("/proc/cpuinfo", ["Cpu"]),
        ("/proc/device-tree", ["Cpu"]),
        ("/proc/meminfo", ["Memory"]),
        ("/proc/self/status", ["AllowedCpus"]),
        ("/proc/self/cgroup", ["Limits", "AllowedCpus"]),
        ("/proc/self/mountinfo", ["Limits", "AllowedCpus"]),
        ("/sys/fs/cgroup", ["Limits", "AllowedCpus"]),
        ("/sys/kernel/mm", ["Pages"]),
        ("/sys/class/power_supply", ["Power"]),
        ("/sys/devices/system/node", ["NumaNodes", "LogicalCpus"]),
        ("/sys/devices/system/cpu/online", ["LogicalCpus", "AllowedCpus", "Caches", "NumaNodes"]),
        ("/sys/devices/system/cpu/cpu", ["LogicalCpus", "Caches"]),
        ("/sys/devices/cpu_", ["LogicalCpus"]),
    ];

    [TestCaseSource(typeof(Topology), nameof(Topology.Names))]
    public void Read_OfDamagedFile_DegradesOnlyItsFields(string name)
    {
        Topology topology = Topology.Load(name);
        using TempRoot root = new(topology);
        Dictionary<string, string> intact = Fields(HardwareProbe.Read(root.Root));
        var random = new Random(Seed);
        string[] files = [.. topology.Files.Keys.Order(StringComparer.Ordinal)];
        if (files.Length > LargeTree)
        {
            random.Shuffle(files);
            files = files[..FilesOfLargeTree];
        }
        int inputs = 0;
        foreach (string file in files)
        {
            string text = topology.Files[file];
            foreach (string? damaged in Damages.Select(damage => damage(text)).Concat(Mutations(text, random)))
            {
                Check(root, file, damaged, intact);
                inputs++;
            }
            root.Write(file, text);
        }
        Assert.That(inputs, Is.GreaterThanOrEqualTo(LeastInputs / Topology.Names.Count));
    }

    [TestCase("/proc/cpuinfo", "CPU flags are unknown")]
    [TestCase("/proc/meminfo", "available memory is unknown")]
    [TestCase("/proc/self/status", "the affinity mask is unknown")]
    [TestCase("/proc/self/cgroup", "cgroup limits are unknown")]
    [TestCase("/proc/self/mountinfo", "cgroup limits are unknown")]
    [TestCase("/sys/devices/system/cpu/online", "which CPUs are online is unknown")]
    [TestCase("/sys/devices/system/cpu/cpu1/cache/index3/size", "some caches are incompletely described")]
    [TestCase("/sys/devices/system/node/node0/meminfo", "the memory of NUMA node 0 is unknown")]
    [TestCase("/sys/devices/system/node/node0/cpulist", "NUMA nodes are unknown")]
    [TestCase("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "the pool of 2048 KiB pages is unknown")]
    [TestCase("/sys/kernel/mm/transparent_hugepage/enabled", "the state of transparent huge pages is unknown")]
    public void Read_WithoutFile_Says(string file, string note)
    {
        using TempRoot root = new(Topology.Load("vm-2-cores-shared-l3"));
        root.Remove(file);
        Assert.That(HardwareProbe.Read(root.Root).Notes, Has.Some.StartsWith(note));
    }

    [Test]
    public void Read_WithFolderInPlaceOfFile_TakesItAsMissing()
    {
        using TempRoot root = new(Topology.Load("vm-2-cores-shared-l3"));
        root.Remove("/proc/meminfo");
        Directory.CreateDirectory(Topology.Locate(root.Root, "/proc/meminfo"));
        Assert.That(HardwareProbe.Read(root.Root).Memory, Is.EqualTo(new MemoryInfo(null, null)));
    }

    [Test]
    public void Read_WithoutSharersOfOneCache_TakesThemFromTheOthers()
    {
        using TempRoot root = new(Topology.Load("vm-2-cores-shared-l3"));
        root.Remove("/sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list");
        HardwareInfo info = HardwareProbe.Read(root.Root);
        Assert.That(info.Caches.Single(cache => cache.Level == 3).Cpus, Is.EqualTo(new[] { 0, 1 }));
    }

    private static void Check(TempRoot root, string file, string? damaged, Dictionary<string, string> intact)
    {
        if (damaged is null)
            root.Remove(file);
        else
            root.Write(file, damaged);
        HardwareInfo info = HardwareProbe.Read(root.Root);
        string[] served = Served.First(entry => file.StartsWith(entry.Prefix, StringComparison.Ordinal)).Fields;
        string[] changed = [.. Fields(info).Where(field => intact[field.Key] != field.Value).Select(field => field.Key)];
        Assert.That(changed, Is.SubsetOf(served), $"{file} with '{damaged?[..Math.Min(200, damaged.Length)]}'");
        Assert.That(info.AllowedCpus, Is.Not.Empty.And.SubsetOf(info.LogicalCpus.Select(cpu => cpu.Id)));
        ThreadPlan threads = ThreadPlanner.Plan(info, new ThreadRequest());
        Assert.That(threads.Threads, Is.Not.Empty);
        Assert.That(MemoryPlanner.Plan(info, MemoryRequest.Auto, threads.Threads.Count, LaneCounts.One).RequiredBytes, Is.Positive);
    }

    private static IEnumerable<string> Mutations(string text, Random random)
    {
        const string Alphabet = "0123456789,-: \n\t\0KkBmax[]/.é";
        for (int i = 0; i < MutationsPerFile; i++)
        {
            var mutated = new StringBuilder(text);
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                int at = random.Next(mutated.Length + 1);
                char letter = Alphabet[random.Next(Alphabet.Length)];
                if (at == mutated.Length || random.Next(3) == 0)
                    mutated.Insert(at, letter);
                else if (random.Next(2) == 0)
                    mutated.Remove(at, 1);
                else
                    mutated[at] = letter;
            }
            yield return mutated.ToString();
        }
    }

    private static Dictionary<string, string> Fields(HardwareInfo info) => typeof(HardwareInfo).GetProperties()
        .Where(property => property.Name is not ("Notes" or "PhysicalCores" or "Packages" or "Smt"))
        .ToDictionary(property => property.Name, property => JsonSerializer.Serialize(property.GetValue(info)));
}

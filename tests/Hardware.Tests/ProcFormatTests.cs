using System.Globalization;
using System.Text;
using P2PMiner.Hardware.Linux;

namespace P2PMiner.Hardware.Tests;

/// <summary>Formats of /proc on text, among it damaged text.</summary>
public sealed class ProcFormatTests
{
    private const int Seed = 20261;
    private const int Mutations = 2000;

    private static readonly nuint Anonymous = nuint.Parse("7f0000000000", NumberStyles.HexNumber, null);

    private const string Smaps = """
        7f0000000000-7f0010000000 rw-p 00000000 00:00 0
        Size:             262144 kB
        KernelPageSize:        4 kB
        AnonHugePages:    131072 kB
        7f0020000000-7f0020400000 rw-p 00000000 00:0f 4711                       /anon_hugepage (deleted)
        Size:               4096 kB
        KernelPageSize:     2048 kB
        AnonHugePages:         0 kB
        7f0030000000-7f0030001000 r--p 00000000 08:01 99                         /usr/lib/libc.so.6
        KernelPageSize:        4 kB
        AnonHugePages:         0 kB
        """;

    private const string FileMappings = """
        7f0000000000-7f0000001000 r-xp 00000000 08:01 98                         /usr/lib/lib c.so
        Anonymous:             0 kB
        7f0000001000-7f0000002000 r--s 00001000 08:01 98                         /usr/lib/lib c.so
        Anonymous:             0 kB
        7f0000002000-7f0000003000 r-xp 00002000 08:01 98                         /usr/lib/lib c.so
        Anonymous:             4 kB
        7f0000003000-7f0000004000 rw-p 00003000 08:01 98                         /usr/lib/lib c.so
        Anonymous:             0 kB
        7f0000004000-7f0000005000 r-xs 00000000 00:01 97                         /memfd:code (deleted)
        Anonymous:             0 kB
        7f0000005000-7f0000006000 r--s 00000000 00:01 96                         /dev/shm/x
        Anonymous:             0 kB
        7f0000006000-7f0000007000 r--p 00000000 00:00 0                          [vvar]
        Anonymous:             0 kB
        7f0000007000-7f0000008000 r--p 00000000 08:01 95                         /cut-off
        """;

    private const string Maps = """
        55d0a0000000-55d0a0021000 rw-p 00000000 00:00 0                          [heap]
        7f0000000000-7f0010000000 rw-p 00000000 00:00 0
        7f0010000000-7f0010001000 ---p 00000000 00:00 0
        7f0011000000-7f0012000000 rw-p 00000000 00:00 0                          [anon:scratchpads]
        7f0020000000-7f0020400000 rw-s 00000000 00:0f 4711                       /anon_hugepage (deleted)
        7f0030000000-7f0030001000 rw-p 00000000 08:01 99                         /usr/lib/libc.so.6
        7f0040000000-7f0040001000 rwxp 00000000 00:00 0
        7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
        """;

    private const string Pressure = """
        some avg10=12.34 avg60=5.60 avg300=1.02 total=11182824
        full avg10=98.70 avg60=0.00 avg300=0.00 total=8198676
        """;

    [TestCase("0", "0")]
    [TestCase("0-3,8,10-11", "0,1,2,3,8,10,11")]
    [TestCase("3,1,1-2", "1,2,3")]
    [TestCase(" 5 , 8191", "5,8191")]
    public void CpuList_OfKernelText_GivesIds(string text, string expected)
    {
        Assert.That(CpuList.TryParse(text, out int[] cpus), Is.True);
        Assert.That(string.Join(',', cpus), Is.EqualTo(expected));
    }

    [TestCase("")]
    [TestCase("a")]
    [TestCase("-1")]
    [TestCase("1-")]
    [TestCase("3-2")]
    [TestCase("1,,2")]
    [TestCase("1-2-3")]
    [TestCase("8192")]
    [TestCase("0-99999999999")]
    public void CpuList_OfMalformedText_IsRefused(string text) =>
        Assert.That(CpuList.TryParse(text, out _), Is.False);

    [Test]
    public void CpuList_OfMutatedText_GivesAscendingIdsOrNothing() => Mutate("0-3,8,10-11,64-127", text =>
    {
        bool parsed = CpuList.TryParse(text, out int[] cpus);
        Assert.That(parsed, Is.EqualTo(cpus.Length > 0));
        Assert.That(cpus, Is.Ordered.And.Unique.And.All.InRange(0, CpuList.MaxCpus - 1));
    });

    // The first mapping has 128 MiB of transparent huge pages, the second is 4 MiB of reserved ones.
    [TestCase(0x7f0000000000UL, 0x10000000UL, 0L, 128L << 20)]
    [TestCase(0x7f0000000000UL, 0x30002000UL, 4L << 20, 128L << 20)]
    [TestCase(0x7f0000000000UL, 0x01000000UL, 0L, 16L << 20)]
    [TestCase(0x7f0020200000UL, 0x00800000UL, 2L << 20, 0L)]
    [TestCase(0x7f0030000000UL, 0x00001000UL, 0L, 0L)]
    [TestCase(0x7f0010000000UL, 0x00001000UL, 0L, 0L)]
    [TestCase(0UL, ulong.MaxValue, 4L << 20, 128L << 20)]
    public void SmapsReader_SumsWhatOverlaps(ulong address, ulong length, long reserved, long transparent) =>
        Assert.That(SmapsReader.Sum(new StringReader(Smaps), (nuint)address, (nuint)length), Is.EqualTo(new PageBacking(reserved, transparent)));

    [Test]
    public void SmapsReader_OfFiles_GivesWhatCannotBeWrittenAndWasNotChanged() =>
        Assert.That(SmapsReader.CleanFiles(new StringReader(FileMappings)), Is.EquivalentTo(new FileMapping[]
        {
            new(Anonymous, Anonymous + 0x1000, "r-xp", 98, "/usr/lib/lib c.so"),
            new(Anonymous + 0x1000, Anonymous + 0x2000, "r--s", 98, "/usr/lib/lib c.so"),
        }));

    [Test]
    public void SmapsReader_OfMutatedText_NeverExceedsTheRange() => Mutate(Smaps, text =>
    {
        PageBacking backing = SmapsReader.Sum(new StringReader(text), Anonymous, 0x40000000);
        Assert.That(backing.ReservedBytes, Is.InRange(0, 4L * 0x40000000));
        Assert.That(backing.TransparentBytes, Is.InRange(0, 4L * 0x40000000));
    });

    [TestCase(Pressure, 12.34)]
    [TestCase("some avg10=0.00 avg60=0.00 avg300=0.00 total=0", 0)]
    [TestCase("some avg10=100.00", 100)]
    [TestCase("some avg10=100.01 avg60=0.00", null)]
    [TestCase("some avg10=-1 avg60=0.00", null)]
    [TestCase("some avg10=1e1 avg60=0.00", null)]
    [TestCase("some avg10=NaN avg60=0.00", null)]
    [TestCase("some avg10= avg60=0.00", null)]
    [TestCase("full avg10=3.00 avg60=0.00", null)]
    [TestCase("", null)]
    [TestCase(null, null)]
    public void PressureReader_GivesTheTimeInWhichAnybodyWaited(string? text, double? expected) =>
        Assert.That(PressureReader.ParseSome(text), Is.EqualTo(expected));

    [Test]
    public void PressureReader_OfMutatedText_GivesAPercentageOrNothing() => Mutate(Pressure, text =>
        Assert.That(PressureReader.ParseSome(text), Is.Null.Or.InRange(0.0, 100.0)));

    [TestCase("1.00", null, 1)]
    [TestCase("1.00", "2.00", 2)]
    [TestCase("3.00", "2.00", 3)]
    [TestCase(null, "2.00", 2)]
    [TestCase(null, null, null)]
    public void MemoryStall_IsTheGreatestOfMachineAndCgroups(string? machine, string? group, double? expected)
    {
        using TempRoot root = new(Topology.Load("container-1gib-v2"));
        if (machine is not null)
            root.Write("/proc/pressure/memory", $"some avg10={machine} avg60=0.00 avg300=0.00 total=1\n");
        if (group is not null)
            root.Write("/sys/fs/cgroup/app/memory.pressure", $"some avg10={group} avg60=0.00 avg300=0.00 total=1\n");
        Assert.That(HardwareProbe.ReadMemoryStall(root.Root), Is.EqualTo(expected));
    }

    [Test]
    public void AnonymousMemory_LeavesOutFilesHeapAndStack() =>
        Assert.That(AnonymousMemory.Parse(new StringReader(Maps)), Is.EqualTo(new[]
        {
            new MemoryRange(Anonymous, 0x10000000), new MemoryRange(Anonymous + 0x11000000, 0x1000000),
        }));

    [Test]
    public void AnonymousMemory_OfMutatedText_GivesProperRanges() => Mutate(Maps, text =>
        Assert.That(AnonymousMemory.Parse(new StringReader(text)), Has.All.Matches<MemoryRange>(range => range.Length > 0)));

    [TestCase("10+10", "10+10", "")]
    [TestCase("", "10+10", "10+10")]
    [TestCase("10+10", "10+30", "20+20")]
    [TestCase("20+10", "10+30", "10+10,30+10")]
    [TestCase("10+5,20+5,40+5", "0+50", "0+10,15+5,25+15,45+5")]
    [TestCase("0+100", "10+10,30+10", "")]
    public void AnonymousMemory_Added_SubtractsRanges(string before, string after, string expected)
    {
        IReadOnlyList<MemoryRange> added = AnonymousMemory.Added(Ranges(before), Ranges(after), 1);
        Assert.That(string.Join(',', added.Select(range => $"{range.Address}+{range.Length}")), Is.EqualTo(expected));
        Assert.That(AnonymousMemory.Added(Ranges(before), Ranges(after), 1000), Is.Empty);
    }

    private static MemoryRange[] Ranges(string text) =>
    [
        .. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('+'))
            .Select(part => new MemoryRange(nuint.Parse(part[0], null), nuint.Parse(part[1], null))),
    ];

    private static void Mutate(string text, Action<string> check)
    {
        const string Alphabet = "0123456789abcdef,- \n\0:kBrwp[]/é";
        var random = new Random(Seed);
        for (int i = 0; i < Mutations; i++)
        {
            var mutated = new StringBuilder(text);
            for (int edits = random.Next(1, 6); edits > 0; edits--)
                mutated[random.Next(mutated.Length)] = Alphabet[random.Next(Alphabet.Length)];
            mutated.Length = random.Next(4) == 0 ? random.Next(mutated.Length) : mutated.Length;
            check(mutated.ToString());
        }
    }
}

using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace P2PMiner.Hardware.Tests;

/// <summary>Platform actions on the machine that runs the tests.</summary>
public sealed unsafe class PlatformTests
{
    private const int MiB = 1 << 20;

    [Test]
    public void TryPin_BindsTheThreadThatCalls()
    {
        Assume.That(OperatingSystem.IsLinux());
        IReadOnlyList<int> allowed = HardwareProbe.Read().AllowedCpus;
        foreach (int cpu in allowed)
            Assert.That(OnThread(() => (CurrentThread.TryPin(cpu), Status("Cpus_allowed_list"))), Is.EqualTo((true, $"{cpu}")));
        Assert.That(HardwareProbe.Read().AllowedCpus, Is.EqualTo(allowed));
    }

    [TestCase(-1)]
    [TestCase(8191)]
    [TestCase(8192)]
    [TestCase(int.MaxValue)]
    public void TryPin_OfCpuThatIsNotThere_ChangesNothing(int cpu)
    {
        string Before() => OperatingSystem.IsLinux() ? Status("Cpus_allowed_list") : "";
        Assert.That(OnThread(() => (Before(), CurrentThread.TryPin(cpu), Before()) is (string before, false, string after) && before == after), Is.True);
    }

    [Test]
    public void TryLowerPriority_LowersTheThreadThatCalls()
    {
        Assume.That(OperatingSystem.IsLinux());
        Assert.That(OnThread(() => (CurrentThread.TryLowerPriority(), Nice())), Is.EqualTo((true, 19)));
        Assert.That(OnThread(() => (CurrentThread.TryGiveWay(), Nice())), Is.EqualTo((true, 10)));
        Assert.That(OnThread(Nice), Is.LessThan(19));
    }

    [Test]
    public void TryAdvise_BacksWholeHugePagesOnceTouched()
    {
        Assume.That(HardwareProbe.Read().Pages.Transparent, Is.Not.EqualTo(TransparentPageState.Never).And.Not.EqualTo(TransparentPageState.Unknown));
        const int Length = 64 * MiB;
        void* memory = NativeMemory.AlignedAlloc(Length, 2 * MiB);
        try
        {
            Assert.That(TransparentPages.TryAdvise((nuint)memory, Length), Is.True);
            NativeMemory.Clear(memory, Length);
            PageBacking backing = TransparentPages.Backing((nuint)memory, Length);
            Assert.That(backing.ReservedBytes, Is.Zero);
            Assert.That(backing.TransparentBytes, Is.GreaterThanOrEqualTo(2 * MiB).And.LessThanOrEqualTo(Length));
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    [Test]
    public void TryAdvise_OfRangeWithoutWholeHugePage_DoesNothing()
    {
        const int Length = 4 * MiB;
        void* memory = NativeMemory.AlignedAlloc(Length, 2 * MiB);
        try
        {
            using (Assert.EnterMultipleScope())
            {
                Assert.That(TransparentPages.TryAdvise((nuint)memory + 1, 3 * MiB), Is.False);
                Assert.That(TransparentPages.TryAdvise((nuint)memory, 0), Is.False);
                Assert.That(TransparentPages.TryAdvise((nuint)memory, nuint.MaxValue), Is.False);
                Assert.That(TransparentPages.TryAdvise(nuint.MaxValue - 100, 100), Is.False);
                Assert.That(TransparentPages.TryAdvise(2 * MiB, 2 * MiB), Is.False, "not mapped");
            }
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    [Test]
    public void AnonymousMemory_FindsANewAllocation()
    {
        Assume.That(OperatingSystem.IsLinux());
        const nuint Length = 256 * MiB;
        IReadOnlyList<MemoryRange> before = AnonymousMemory.List();
        void* memory = NativeMemory.Alloc(Length);
        try
        {
            IReadOnlyList<MemoryRange> added = AnonymousMemory.Added(before, AnonymousMemory.List(), Length);
            Assert.That(added, Has.One.Matches<MemoryRange>(
                range => range.Address <= (nuint)memory && (nuint)memory + Length <= range.Address + range.Length));
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    [Test]
    public void ReleaseFiles_LetsGoOfFilesThatWereMappedBefore()
    {
        Assume.That(OperatingSystem.IsLinux());
        string path = Path.GetTempFileName();
        try
        {
            byte[] content = new byte[MiB];
            new Random(1).NextBytes(content);
            File.WriteAllBytes(path, content);
            IReadOnlySet<FileMapping> before = ResidentMemory.CleanFiles();
            using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            using MemoryMappedViewAccessor view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            byte* bytes = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref bytes);
            Assert.That(new ReadOnlySpan<byte>(bytes, MiB).SequenceEqual(content), Is.True);

            ResidentMemory.ReleaseFiles(before);
            Assert.That(ResidentKilobytes(path), Is.EqualTo(MiB / 1024), "it is new");
            ResidentMemory.ReleaseFiles(ResidentMemory.CleanFiles());
            Assert.That(ResidentKilobytes(path), Is.Zero);
            Assert.That(new ReadOnlySpan<byte>(bytes, MiB).SequenceEqual(content), Is.True);
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void TrimNativeHeap_LeavesWhatIsInUse()
    {
        void* memory = NativeMemory.Alloc(MiB);
        NativeMemory.Fill(memory, MiB, 7);
        ResidentMemory.TrimNativeHeap();
        Assert.That(new ReadOnlySpan<byte>(memory, MiB).ContainsAnyExcept((byte)7), Is.False);
        NativeMemory.Free(memory);
    }

    private static int ResidentKilobytes(string path) => int.Parse(File.ReadLines("/proc/self/smaps").SkipWhile(line => !line.EndsWith(path, StringComparison.Ordinal))
        .First(line => line.StartsWith("Rss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null);

    private static int Nice() => int.Parse(File.ReadAllText("/proc/thread-self/stat").Split(") ")[1].Split(' ')[16], null);

    private static string Status(string key) => File.ReadLines("/proc/thread-self/status")
        .Single(line => line.StartsWith(key + ":", StringComparison.Ordinal)).Split('\t')[1];

    private static T OnThread<T>(Func<T> action)
    {
        T result = default!;
        var thread = new Thread(() => result = action());
        thread.Start();
        Assert.That(thread.Join(TimeSpan.FromMinutes(2)), Is.True);
        return result;
    }
}

using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Managed.X86;

namespace P2PMiner.Mining.Tests.RandomX.Engines;

public sealed class CalibrationTests
{
    private static readonly FullMachine A = Machine("a");
    private static readonly FullMachine B = Machine("b");
    private static readonly FullMachine C = Machine("c");

    [Test]
    public void Choose_MeasuresAllOnce_AndTakesTheGreatestMedianOfTheBest()
    {
        FullMachine[] all = [A, B, C, Machine("d"), Machine("e"), Machine("f")];
        Queue<(FullMachine Machine, double? Rate)> slices = new(
        [
            (all[0], 100), (all[1], 90), (all[2], 70), (all[3], 80), (all[4], 200), (all[5], null),
            (all[4], 100), (all[0], 110), (all[1], 90), (all[3], 91),
            (all[4], 500), (all[0], 110), (all[1], 90), (all[3], 91),
            (all[4], 100), (all[0], 1), (all[1], 90), (all[3], 91),
        ]);
        (FullMachine? choice, IReadOnlyList<(FullMachine Machine, double? Rate)> rates) = Calibration.Choose(
            all,
            (machine, length) =>
            {
                Assert.That(length, Is.EqualTo(slices.Count > 12 ? Calibration.FirstSlice : Calibration.Slice));
                (FullMachine next, double? rate) = slices.Dequeue();
                Assert.That(machine, Is.SameAs(next));
                return rate;
            },
            CancellationToken.None);
        Assert.That(choice, Is.SameAs(A));
        Assert.That(slices, Is.Empty);
        Assert.That(rates.Select(r => r.Rate), Is.EqualTo(new double?[] { 110, 90, 70, 91, 100, null }));
    }

    [Test]
    public void Choose_NeverTakesAMachineWithWrongHashes()
    {
        int slicesOfB = 0;
        double? Measure(FullMachine machine, TimeSpan length) => machine == A ? 1 : ++slicesOfB == 3 ? null : 1000;
        Assert.That(Calibration.Choose([A, B], Measure, CancellationToken.None).Choice, Is.SameAs(A));
        Assert.That(slicesOfB, Is.EqualTo(3), "it is not measured further");
        Assert.That(Calibration.Choose([A, B], (_, _) => null, CancellationToken.None).Choice, Is.Null);
    }

    [Test]
    public void Choose_EndsWhenCancelled([Values(2, 4)] int last)
    {
        using CancellationTokenSource stop = new();
        int slices = 0;
        double? Measure(FullMachine machine, TimeSpan length)
        {
            if (++slices == last)
                stop.Cancel();
            return 1;
        }
        Assert.That(() => Calibration.Choose([A, B, C], Measure, stop.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(slices, Is.EqualTo(last));
    }

    [TestCase(null, 6)]
    [TestCase(32 << 20, 6)]
    [TestCase(8 << 20, 4)]
    [TestCase(2 << 20, 2)]
    [TestCase(0, 2)]
    public void MostLanes_AreThoseForWhichTheCacheHasRoom(int? cachePerThread, int most) =>
        Assert.That(FullMachine.MostLanes(cachePerThread), Is.EqualTo(most));

    [Test]
    public void Candidates_AreAllWaysWithSoManyLanes([Values(1, 2, 4, 6)] int most)
    {
        LaneSettings[] all = [.. FullMachine.Candidates(most, canTouch: true)];
        Assert.That(all, Is.Unique);
        Assert.That(all, Does.Contain(new LaneSettings(1)));
        foreach (PrefetchKind prefetch in Enum.GetValues<PrefetchKind>())
            Assert.That(all.Where(s => s.Prefetch == prefetch && s.Lanes > 1).Select(s => s.Lanes), Is.EquivalentTo(Enumerable.Range(2, most - 1)));
        Assert.That(FullMachine.Candidates(most, canTouch: false).Any(s => s.Prefetch == PrefetchKind.Touched), Is.False, "shadow stacks");
    }

    [Test]
    public void File_RemembersByCircumstances()
    {
        string directory = Directory.CreateTempSubdirectory("calibration-").FullName;
        try
        {
            const int Version = CalibrationFile.Version;
            string path = Path.Combine(directory, "new", "calibration.json");
            CalibrationFile file = new(path);
            Assert.That(file.Find("cpu, thp"), Is.Null);
            file.Keep("cpu, thp", "a");
            file.Keep("cpu, huge", "b");
            file.Keep("cpu, thp", "c");
            Assert.That(new CalibrationFile(path).Find("cpu, thp"), Is.EqualTo("c"));
            Assert.That(new CalibrationFile(path).Find("cpu, huge"), Is.EqualTo("b"));
            foreach (string broken in (string[])
            [
                "", "{", "[1]", "{\"cpu, thp\": \"a\"}", "{\"choices\": {\"cpu, thp\": \"a\"}}",
                "{\"version\": 1, \"choices\": {\"cpu, thp\": \"a\"}}", $"{{\"version\": \"{Version}\", \"choices\": {{\"cpu, thp\": \"a\"}}}}",
                $"{{\"version\": {Version}, \"choices\": {{\"cpu, thp\": 5}}}}", $"{{\"version\": {Version}, \"choices\": [], \"compared\": 1}}",
                $"{{\"version\": {Version}, \"version\": {Version}}}", $"{{\"version\": {Version}, \"compared\": {{\"cpu\": \"a\", \"cpu\": \"a\"}}}}",
                $"{{\"version\": {Version}, \"choices\": {{\"cpu, thp\": \"\\ud800\"}}}}",
            ])
            {
                File.WriteAllText(path, broken);
                Assert.That(file.Find("cpu, thp"), Is.Null, broken);
                Assert.That(file.IsCompared("cpu"), Is.False, broken);
            }
            file.KeepCompared("cpu", 5);
            file.Keep("cpu, thp", "a");
            Assert.That(file.Find("cpu, thp"), Is.EqualTo("a"));
            Assert.That((file.IsCompared("cpu"), file.IsCompared("another")), Is.EqualTo((true, false)));
            CalibrationFile none = new(null);
            none.Keep("cpu, thp", "a");
            Assert.That(none.Find("cpu, thp"), Is.Null);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static FullMachine Machine(string name) => new(name, (_, _) => throw new NotSupportedException());
}

using P2PMiner.Mining.RandomX.Engines;

namespace P2PMiner.Mining.Tests.RandomX.Engines;

public sealed class CalibrationTests
{
    private static readonly FullMachine A = Machine("a");
    private static readonly FullMachine B = Machine("b");
    private static readonly FullMachine C = Machine("c");

    [Test]
    public void Choose_TakesTheGreatestMedianOfSlicesInTurn()
    {
        Queue<(FullMachine Machine, double? Rate)> slices = new(
        [
            (A, 100), (B, 110), (C, 90),
            (A, 500), (B, 110), (C, 90),
            (A, 100), (B, 1), (C, 90),
        ]);
        (FullMachine? choice, IReadOnlyList<(FullMachine Machine, double? Rate)> rates) = Calibration.Choose(
            [A, B, C],
            machine =>
            {
                (FullMachine next, double? rate) = slices.Dequeue();
                Assert.That(machine, Is.SameAs(next));
                return rate;
            },
            CancellationToken.None);
        Assert.That(choice, Is.SameAs(B));
        Assert.That(rates.Select(r => r.Rate), Is.EqualTo(new double?[] { 100, 110, 90 }));
    }

    [Test]
    public void Choose_NeverTakesAMachineWithWrongHashes()
    {
        int slicesOfB = 0;
        double? Measure(FullMachine machine) => machine == A ? 1 : ++slicesOfB == 2 ? null : 1000;
        Assert.That(Calibration.Choose([A, B], Measure, CancellationToken.None).Choice, Is.SameAs(A));
        Assert.That(slicesOfB, Is.EqualTo(2), "it is not measured further");
        Assert.That(Calibration.Choose([A, B], _ => null, CancellationToken.None).Choice, Is.Null);
    }

    [Test]
    public void Choose_EndsWhenCancelled()
    {
        using CancellationTokenSource stop = new();
        int slices = 0;
        double? Measure(FullMachine machine)
        {
            if (++slices == 2)
                stop.Cancel();
            return 1;
        }
        Assert.That(() => Calibration.Choose([A, B, C], Measure, stop.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(slices, Is.EqualTo(2));
    }

    [Test]
    public void File_RemembersByCircumstances()
    {
        string directory = Directory.CreateTempSubdirectory("calibration-").FullName;
        try
        {
            string path = Path.Combine(directory, "new", "calibration.json");
            CalibrationFile file = new(path);
            Assert.That(file.Find("cpu, thp"), Is.Null);
            file.Keep("cpu, thp", "a");
            file.Keep("cpu, huge", "b");
            file.Keep("cpu, thp", "c");
            Assert.That(new CalibrationFile(path).Find("cpu, thp"), Is.EqualTo("c"));
            Assert.That(new CalibrationFile(path).Find("cpu, huge"), Is.EqualTo("b"));
            foreach (string broken in (string[])["", "{", "[1]", "{\"cpu, thp\": 5}"])
            {
                File.WriteAllText(path, broken);
                Assert.That(file.Find("cpu, thp"), Is.Null, broken);
            }
            file.Keep("cpu, thp", "a");
            Assert.That(file.Find("cpu, thp"), Is.EqualTo("a"));
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

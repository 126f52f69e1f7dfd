using P2PMiner.Node.Jobs.Ranges;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Jobs.Ranges;

/// <summary>A thousand nodes that come and go, hear of each other late, and are parted for a while.</summary>
internal sealed class RangeSimulationTests
{
    private const int Nodes = 1000;

    /// <summary>Part of the work that may be done twice.</summary>
    private const double MostTwice = 0.001;

    /// <summary>Two jobs of 75 s, parted from within the one into the other.</summary>
    [Test]
    public void Cluster_OfAThousandNodes_SearchesLessThanAThousandthTwice()
    {
        RangeSimulation simulation = Run(seconds: 150, secondsPerJob: 75, speed: 5, partedFrom: 30, partedUntil: 110);
        Assert.That(simulation.Searched, Is.GreaterThan(1e9));
    }

    /// <summary>
    /// An hour with a job every two minutes, of which a twentieth or a quarter of the nonces is searched, parted for ten minutes; and two hours,
    /// parted for 100 minutes in which half of the nodes are replaced by such as never heard of the other side.
    /// </summary>
    [TestCase(3600, 1.0, 1200, 1800, MostTwice)]
    [TestCase(3600, 5.0, 1200, 1800, MostTwice)]
    [TestCase(7200, 5.0, 600, 6600, 0.04)]
    [Explicit("takes minutes: make bench-ranges")]
    public void Cluster_OfAThousandNodes_ForHours(int seconds, double speed, int partedFrom, int partedUntil, double most)
    {
        RangeSimulation simulation = Run(seconds, secondsPerJob: 120, speed, partedFrom, partedUntil, most);
        Assert.That(simulation.Searched, Is.GreaterThan(3e9 * speed));
    }

    [Test]
    public void JoinAndLeave_MoveTheirOwnShareOfSlicesOnly()
    {
        RangeSimulation simulation = new(Nodes, speed: 1, seed: 20261121);
        PeerId?[] before = simulation.Owners();
        Assert.That(before.Count(owner => owner is null), Is.Zero);

        RangeSimulation.Node joined = simulation.StartOne(isNew: true);
        simulation.Rest(TimeSpan.FromSeconds(10));
        PeerId?[] with = simulation.Owners();
        int[] moved = Moved(before, with);
        Assert.That(moved.Select(slice => with[slice]), Is.All.EqualTo(joined.Id));
        double share = (double)joined.Weight / simulation.Alive.Sum(node => node.Weight);
        Assert.That(moved, Has.Length.EqualTo(share * SliceMap.Slices).Within(0.5 * share * SliceMap.Slices + 5));

        RangeSimulation.Node left = simulation.EndOne();
        simulation.Rest(TimeSpan.FromMinutes(1));
        PeerId?[] without = simulation.Owners();
        Assert.That(Moved(with, without).Select(slice => (with[slice], without[slice])), Is.All.EqualTo((left.Id, (PeerId?)null)), "nobody has them yet");
        simulation.Rest(WorkRanges.AbsenceLifetime + TimeSpan.FromSeconds(1));
        PeerId?[] after = simulation.Owners();
        Assert.That(after.Count(owner => owner is null), Is.Zero);
        Assert.That(Moved(with, after).Select(slice => with[slice]), Is.All.EqualTo(left.Id));
    }

    /// <summary>Ten changes of members a minute, and one of a weight.</summary>
    private static RangeSimulation Run(int seconds, int secondsPerJob, double speed, int partedFrom, int partedUntil, double most = MostTwice)
    {
        RangeSimulation simulation = new(Nodes, speed, seed: 20261121);
        for (int second = 0; second < seconds; second++)
        {
            if (second % secondsPerJob == 0)
                simulation.NextJob();
            if (second == partedFrom || second == partedUntil)
                simulation.SetParted(second == partedFrom);
            if (second % 12 == 5)
                simulation.EndOne();
            if (second % 12 == 11)
                simulation.StartOne(isNew: second % 24 == 11);
            if (second % 60 == 30)
                simulation.ChangeOne();
            simulation.Step();
        }
        simulation.NextJob();
        TestContext.Out.WriteLine($"{simulation.Searched:E2} nonces, {simulation.Twice / simulation.Searched:P4} of them twice");
        Assert.That(simulation.Twice / simulation.Searched, Is.LessThan(most));
        return simulation;
    }

    private static int[] Moved(PeerId?[] from, PeerId?[] to) => [.. Enumerable.Range(0, SliceMap.Slices).Where(slice => !Equals(from[slice], to[slice]))];
}

namespace P2PMiner.Node.Tests.Jobs.Ranges;

/// <summary>A thousand nodes that come and go, hear of each other late, and are parted for a while.</summary>
internal sealed class RangeSimulationTests
{
    /// <summary>An hour with a job every two minutes, of which a twentieth or a quarter of the nonces is searched.</summary>
    [TestCase(1.0)]
    [TestCase(5.0)]
    public void Cluster_OfAThousandNodes_SearchesLessThanAThousandthTwice(double speed)
    {
        RangeSimulation simulation = new(nodes: 1000, speed, seed: 20261121);
        for (int second = 0; second < 3600; second++)
        {
            if (second % 120 == 0)
                simulation.NextJob();
            if (second is 1200 or 1800)
                simulation.SetParted(second == 1200);
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
        Assert.That(simulation.Searched, Is.GreaterThan(3e9 * speed));
        Assert.That(simulation.Twice / simulation.Searched, Is.LessThan(0.001));
    }
}

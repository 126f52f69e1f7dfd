using P2PMiner.Node.Api;
using P2PMiner.Node.Api.History;

namespace P2PMiner.Node.Tests.Api;

[TestFixture]
internal sealed class HashrateHistoryTests
{
    [Test]
    public void Samples_become_means_and_the_oldest_fall_out()
    {
        double? rate = null;
        var history = new HashrateHistory(() => SampleStatus.Create() with { Hashrate = new HashrateStatus(rate, null, null, null) }, TimeProvider.System);
        Assert.That(history.Last, Is.Null);
        for (int i = 0; i < HashrateHistory.FineCapacity + 12; i++)
        {
            rate = i < 6 ? null : i < 12 ? 100 : 200;
            history.Sample();
        }

        HistorySeries[] series = [.. history.Read().Series];
        Assert.That(series.Select(one => one.IntervalSeconds), Is.EqualTo(new[] { 5, 60 }));
        Assert.That(series[0].Times, Has.Count.EqualTo(HashrateHistory.FineCapacity));
        Assert.That(series[0].Node, Is.All.EqualTo(200));
        Assert.That(series[1].Times, Has.Count.EqualTo((HashrateHistory.FineCapacity / 12) + 1));
        Assert.That(series[1].Node.Take(2), Is.EqualTo(new double?[] { 100, 200 }));
        Assert.That(series[1].Cluster, Is.All.EqualTo(1712.5));
        Assert.That(history.Last!.Members, Is.EqualTo(3));
    }
}

using P2PMiner.Mining.Threads;

namespace P2PMiner.Mining.Tests.Threads;

public sealed class HashRateMeterTests
{
    [Test]
    public void Rates_AreUnknownUntilTheirWindowHasPassed()
    {
        HashRateMeter meter = new();
        Run(meter, from: 0, to: 9.5, rate: 100);
        Assert.That(meter.Read(), Is.EqualTo(new HashRate(null, null, null, null)));

        Run(meter, from: 10, to: 59.5, rate: 100);
        Assert.That(meter.Read(), Is.EqualTo(new HashRate(100, null, null, 100)));

        Run(meter, from: 60, to: 900, rate: 100);
        Assert.That(meter.Read(), Is.EqualTo(new HashRate(100, 100, 100, 100)));
    }

    [Test]
    public void Rates_FollowTheirOwnWindows()
    {
        HashRateMeter meter = new();
        Run(meter, from: 0, to: 900, rate: 100);
        long hashes = 90_000;
        for (double time = 900.5; time <= 930; time += 0.5)
            meter.Sample(TimeSpan.FromSeconds(time), hashes += 25);

        HashRate rate = meter.Read();

        Assert.That(rate.S10, Is.EqualTo(50).Within(0.001));
        Assert.That(rate.S60, Is.EqualTo(75).Within(0.001));
        Assert.That(rate.M15, Is.EqualTo((870 * 100 + 30 * 50) / 900.0).Within(0.001));
        Assert.That(rate.Max, Is.EqualTo(100).Within(0.001));
    }

    [Test]
    public void Rates_SurviveMoreSamplesThanTheMeterKeeps()
    {
        HashRateMeter meter = new();
        Run(meter, from: 0, to: 5000, rate: 7);

        HashRate rate = meter.Read();

        Assert.That(new[] { rate.S10, rate.S60, rate.M15, rate.Max }, Is.All.EqualTo(7).Within(1e-6));
    }

    [Test]
    public void Samples_ThatDoNotAdvanceAreIgnored()
    {
        HashRateMeter meter = new();
        Run(meter, from: 0, to: 20, rate: 10);
        meter.Sample(TimeSpan.FromSeconds(20), 1_000_000);
        meter.Sample(TimeSpan.FromSeconds(3), 1_000_000);

        Assert.That(meter.Read().S10, Is.EqualTo(10));
    }

    private static void Run(HashRateMeter meter, double from, double to, long rate)
    {
        for (double time = from; time <= to; time += 0.5)
            meter.Sample(TimeSpan.FromSeconds(time), (long)(time * rate));
    }
}

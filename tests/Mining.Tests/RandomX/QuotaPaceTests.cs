using P2PMiner.Mining.RandomX;

namespace P2PMiner.Mining.Tests.RandomX;

[TestFixture]
public sealed class QuotaPaceTests
{
    private const double Cpus = 0.2;

    private readonly ManualClock _clock = new();
    private TimeSpan _used;
    private int _brought;

    [Test]
    public void RestsAtFirst_UntilItHasSeenWhatTheOthersUse()
    {
        QuotaPace pace = Pace();
        Assert.That(pace.MustRest(++_brought), Is.True);
        Pass(QuotaPace.Look / 2, cpus: 0);
        Assert.That(pace.MustRest(++_brought), Is.True);
        Pass(QuotaPace.Look / 2, cpus: 0);
        Assert.That(pace.MustRest(++_brought), Is.False);
    }

    [Test]
    public void Rests_ForAsLongAsTheOthersUseTheQuotaUp([Values(1, 10)] int looks)
    {
        QuotaPace pace = Pace();
        for (int i = 0; i < looks; i++)
        {
            Pass(QuotaPace.Look, Cpus);
            Assert.That(pace.MustRest(++_brought), Is.True);
        }
        Pass(QuotaPace.Look, Cpus / 2);
        Assert.That(pace.MustRest(++_brought), Is.False, "half of the quota is left");
    }

    [Test]
    public void Runs_ForAWhile_WhateverIsUsedMeanwhile_AndThenLooksAgain([Values(0, Cpus)] double cpus)
    {
        QuotaPace pace = Pace();
        Pass(QuotaPace.Look, cpus: 0);
        Assert.That(pace.MustRest(++_brought), Is.False);
        Pass(QuotaPace.Run - TimeSpan.FromMilliseconds(1), cpus);
        Assert.That(pace.MustRest(++_brought), Is.False, "what these threads use says nothing of the others");
        Pass(TimeSpan.FromMilliseconds(1), cpus);
        Assert.That(pace.MustRest(++_brought), Is.True);
        Pass(QuotaPace.Look, cpus: 0);
        Assert.That(pace.MustRest(++_brought), Is.False, "what was used before the look does not count");
    }

    [Test]
    public void Runs_WhenNothingIsBrought_WhoeverUsesTheQuota()
    {
        QuotaPace pace = Pace();
        Pass(QuotaPace.Look, Cpus);
        Assert.That(pace.MustRest(++_brought), Is.True);
        Pass(QuotaPace.Look, Cpus);
        Assert.That(pace.MustRest(_brought), Is.False, "the hosts are gone");
    }

    private QuotaPace Pace() => new(Cpus, () => _used, _clock);

    private void Pass(TimeSpan elapsed, double cpus)
    {
        _used += elapsed * cpus;
        _clock.Elapsed += elapsed;
    }

    private sealed class ManualClock : TimeProvider
    {
        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;
    }
}

using P2PMiner.Mining.Threads;

namespace P2PMiner.Mining.Tests.Threads;

public sealed class LightStartTests
{
    private readonly StandingTime _time = new();

    [Test]
    public void Start_IsOverAfterAWhile()
    {
        LightStart start = new(_time);
        start.AfterHash(LightStart.Hardest);
        _time.Advance(LightStart.Longest);
        start.AfterHash(LightStart.Hardest);
        Assert.That(start.IsOver, Is.False);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        start.AfterHash(LightStart.Hardest);
        Assert.That(start.IsOver, Is.True);
    }

    [Test]
    public void Start_IsOverWithTheFirstShare_OrWhereSharesAreHard_AndStaysSo()
    {
        LightStart found = new(_time);
        found.End();
        Assert.That(found.IsOver, Is.True);

        LightStart hard = new(_time);
        hard.AfterHash(LightStart.Hardest + 1);
        hard.AfterHash(1);
        Assert.That(hard.IsOver, Is.True);
    }

    private sealed class StandingTime : TimeProvider
    {
        private long _now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan span) => _now += span.Ticks;

        public override long GetTimestamp() => _now;
    }
}

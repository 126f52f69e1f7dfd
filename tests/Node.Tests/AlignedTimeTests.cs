using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class AlignedTimeTests
{
    private readonly ManualTime _clock = new(DateTimeOffset.UnixEpoch.AddSeconds(0.123));
    private readonly AlignedTime _time;

    public AlignedTimeTests() => _time = new AlignedTime(_clock, () => _clock.GetUtcNow().ToUnixTimeMilliseconds());

    [Test]
    public void Timers_ThatBeganApart_TickTogether_AfterTheirFirstTicks_AndNeverSoonerThanAskedFor()
    {
        using Ticks seconds = Start(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        Pass(TimeSpan.FromSeconds(0.3));
        using Ticks early = Start(TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(2));
        using Ticks halves = Start(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5));
        Pass(TimeSpan.FromSeconds(5));
        Assert.Multiple(() =>
        {
            Assert.That(seconds.At, Is.EqualTo(new double[] { 1, 2, 3, 4, 5 }).Within(0.001));
            Assert.That(early.At, Is.EqualTo(new[] { 0.4, 3, 5 }).Within(0.001));
            Assert.That(halves.At, Is.EqualTo(new[] { 0.8, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5 }).Within(0.001));
        });
    }

    [Test]
    public void Timers_ThatTickOnceOrOften_AreLeftAsTheyAre()
    {
        using Ticks once = Start(TimeSpan.FromSeconds(0.7), Timeout.InfiniteTimeSpan);
        using Ticks often = Start(TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(0.4));
        Pass(TimeSpan.FromSeconds(2));
        Assert.That(once.At, Is.EqualTo(new[] { 0.7 }).Within(0.001));
        Assert.That(often.At, Is.EqualTo(new[] { 0.3, 0.7, 1.1, 1.5, 1.9 }).Within(0.001));
    }

    [Test]
    public void Timer_ThatIsChanged_TicksWhenItIsDue_AndOneThatIsStoppedNoMore()
    {
        using Ticks ticks = Start(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        Pass(TimeSpan.FromSeconds(2.2));
        ticks.Timer.Change(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(3));
        Pass(TimeSpan.FromSeconds(4));
        ticks.Timer.Change(Timeout.InfiniteTimeSpan, TimeSpan.FromSeconds(1));
        Pass(TimeSpan.FromSeconds(4));
        Assert.That(ticks.At, Is.EqualTo(new[] { 1, 2, 2.7, 6 }).Within(0.001));
    }

    private void Pass(TimeSpan time)
    {
        for (TimeSpan left = time; left > TimeSpan.Zero; left -= TimeSpan.FromMilliseconds(100))
            _clock.Advance(TimeSpan.FromMilliseconds(100));
    }

    private Ticks Start(TimeSpan dueTime, TimeSpan period) => new(_clock, _time, dueTime, period);

    private sealed class Ticks : IDisposable
    {
        public Ticks(ManualTime clock, AlignedTime time, TimeSpan dueTime, TimeSpan period) =>
            Timer = time.CreateTimer(_ => At.Add((clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds - 0.123), null, dueTime, period);

        public ITimer Timer { get; }

        /// <summary>In seconds since the clock was made.</summary>
        public List<double> At { get; } = [];

        public void Dispose() => Timer.Dispose();
    }
}

using NSubstitute;
using P2PMiner.Node.Cli;

namespace P2PMiner.Node.Tests.Cli;

[TestFixture]
internal sealed class InterruptTests
{
    private readonly List<int> _exits = [];
    private TimeProvider _time = null!;
    private ITimer _timer = null!;
    private TimerCallback? _expire;

    [SetUp]
    public void SetUp()
    {
        _exits.Clear();
        _timer = Substitute.For<ITimer>();
        _time = Substitute.For<TimeProvider>();
        _time.CreateTimer(Arg.Do<TimerCallback>(callback => _expire = callback), Arg.Any<object?>(), Arg.Any<TimeSpan>(), Arg.Any<TimeSpan>())
            .Returns(_timer);
    }

    [TearDown]
    public void TearDown() => _timer.Dispose();

    [Test]
    public void First_signal_cancels_and_sets_a_deadline_of_two_seconds()
    {
        using var interrupt = new Interrupt(_time, _exits.Add);
        Assert.That(interrupt.Token.IsCancellationRequested, Is.False);
        interrupt.OnSignal();
        Assert.That(interrupt.Token.IsCancellationRequested, Is.True);
        Assert.That(_exits, Is.Empty);
        _timer.Received(1).Change(TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        _expire!(null);
        Assert.That(_exits, Is.EqualTo(new[] { ExitCode.Interrupted }));
    }

    [Test]
    public void Second_signal_ends_at_once()
    {
        using var interrupt = new Interrupt(_time, _exits.Add);
        interrupt.OnSignal();
        interrupt.OnSignal();
        Assert.That(_exits, Is.EqualTo(new[] { ExitCode.Interrupted }));
    }
}

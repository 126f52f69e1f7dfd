using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Cluster.Datasets;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HostPaceTests
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly HostPace _pace;

    public HostPaceTests() => _pace = new HostPace(_time);

    [Test]
    public void Run_IsAboutHalfASecondLong()
    {
        Assert.That(_pace.Next, Is.EqualTo(1));
        Run(1, TimeSpan.FromSeconds(0.1));
        Assert.That(_pace.Next, Is.EqualTo(5));
        Run(5, TimeSpan.FromSeconds(0.06));
        Assert.That(_pace.Rate, Is.EqualTo(50).Within(1e-9));
        Assert.That(_pace.Next, Is.EqualTo(HostPace.Most));
        Run(1, TimeSpan.FromSeconds(30));
        Assert.That(_pace.Next, Is.EqualTo(1));
    }

    [Test]
    public void RunThatWaitedToBeRead_DoesNotMakeAHostFast()
    {
        for (int i = 0; i < 8; i++)
        {
            Run(8, TimeSpan.FromSeconds(1));
            Run(8, TimeSpan.Zero);
        }
        Assert.That(_pace.Rate, Is.EqualTo(24).Within(0.1), "twice what the last two runs took, and the last counts more");
    }

    [Test]
    public void Host_IsNotWorthIt_WhereThisMachineIsFarFaster()
    {
        Assert.That(_pace.IsWorthIt(1e9), Is.True, "nothing is known yet");
        Run(1, TimeSpan.FromSeconds(1));
        Assert.That(_pace.IsWorthIt(1e9), Is.True, "it has only begun");
        Run(4, TimeSpan.FromSeconds(4));
        Assert.That(_pace.IsWorthIt(0), Is.True, "nothing is computed yet");
        Assert.That(_pace.IsWorthIt(HostPace.Worth), Is.True);
        Assert.That(_pace.IsWorthIt(HostPace.Worth * 1.1), Is.False);
        _time.Advance(HostPace.Memory);
        Assert.That(_pace.IsWorthIt(HostPace.Worth * 1.1), Is.True, "it may be faster by now");
    }

    [Test]
    public void Rate_IsForgottenInTime_AndMeasuredAnew()
    {
        Run(10, TimeSpan.FromSeconds(1));
        _time.Advance(HostPace.Memory - TimeSpan.FromSeconds(1));
        Assert.That(_pace.Rate, Is.EqualTo(10));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_pace.IsKnown, Is.False);
        Assert.That(_pace.Rate, Is.Zero);
        Run(2, TimeSpan.FromSeconds(1));
        Assert.That(_pace.Rate, Is.EqualTo(2));
    }

    [Test]
    public void Silence_LowersTheEstimate_AndWhatComesRaisesIt()
    {
        Assert.That(_pace.Estimate, Is.EqualTo(double.PositiveInfinity));
        _pace.Begin();
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.That(_pace.Estimate, Is.EqualTo(0.25), "one may come now");
        _pace.Arrive();
        Assert.That(_pace.Estimate, Is.EqualTo(0.5));
        _pace.End(counts: true);
        Assert.That(_pace.Estimate, Is.EqualTo(0.25));
        _pace.Begin();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_pace.Estimate, Is.EqualTo(0.25), "no faster than it was");
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.That(_pace.Estimate, Is.EqualTo(0.1));
    }

    [Test]
    public void RunThatDoesNotCount_ChangesNothing()
    {
        _pace.Begin();
        _time.Advance(TimeSpan.FromSeconds(4));
        _pace.End(counts: false);
        Assert.That(_pace.IsKnown, Is.False);
        _pace.End(counts: true);
        Assert.That(_pace.IsKnown, Is.False, "there is no run");
    }

    private void Run(int chunks, TimeSpan elapsed)
    {
        _pace.Begin();
        _time.Advance(elapsed);
        for (int i = 0; i < chunks; i++)
            _pace.Arrive();
        _pace.End(counts: true);
    }
}

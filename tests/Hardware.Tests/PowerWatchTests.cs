namespace P2PMiner.Hardware.Tests;

public sealed class PowerWatchTests
{
    private const string Charger = "/sys/class/power_supply/AC/online";

    private TempRoot _root = null!;

    [SetUp]
    public void WriteLaptop() => _root = new TempRoot(Topology.Load("laptop-core2-2gb"));

    [TearDown]
    public void RemoveLaptop() => _root.Dispose();

    [Test]
    public void PowerWatch_TellsEachChangeOnce()
    {
        ManualTime time = new();
        List<PowerSource> told = [];
        using PowerWatch watch = new(time, power => told.Add(power.Source), _root.Root);
        Assert.That(watch.Current.Source, Is.EqualTo(PowerSource.Battery));
        time.Tick();
        _root.Write(Charger, "1");
        time.Tick();
        time.Tick();
        Assert.That(watch.Current.Source, Is.EqualTo(PowerSource.Mains));
        _root.Write(Charger, "0");
        time.Tick();
        Assert.That(told, Is.EqualTo(new[] { PowerSource.Mains, PowerSource.Battery }));
        Assert.That(time.Period, Is.EqualTo(PowerWatch.Interval));
    }

    [Test]
    public void PowerWatch_OfOtherCharge_IsSilentButCurrent()
    {
        ManualTime time = new();
        using PowerWatch watch = new(time, _ => Assert.Fail("the source did not change"), _root.Root);
        _root.Write("/sys/class/power_supply/BAT0/capacity", "12");
        time.Tick();
        Assert.That(watch.Current.BatteryPercent, Is.EqualTo(12));
    }

    [Test]
    public void PowerWatch_Disposed_IsSilent()
    {
        ManualTime time = new();
        PowerWatch watch = new(time, _ => Assert.Fail("disposed"), _root.Root);
        watch.Dispose();
        _root.Write(Charger, "1");
        time.Tick();
        Assert.That(time.Disposed, Is.True);
    }

    [Test]
    public void PowerWatch_MayBeDisposedFromItsCall()
    {
        ManualTime time = new();
        PowerWatch? watch = null;
        int calls = 0;
        watch = new PowerWatch(time, _ => { calls++; watch!.Dispose(); }, _root.Root);
        _root.Write(Charger, "1");
        time.Tick();
        _root.Write(Charger, "0");
        time.Tick();
        Assert.That(calls, Is.EqualTo(1));
    }

    /// <summary>One timer that fires when told, also after its disposal, as a timer in flight does.</summary>
    private sealed class ManualTime : TimeProvider, ITimer
    {
        private Action _fire = () => { };

        public TimeSpan Period { get; private set; }

        public bool Disposed { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _fire = () => callback(state);
            Period = period;
            return this;
        }

        public void Tick() => _fire();

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => Disposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

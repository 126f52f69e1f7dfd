using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Mdns;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MdnsScheduleTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly ManualTime _time = new();

    [Test]
    public void Queries_ComeAtOnceAndThenAtGrowingDistances()
    {
        MdnsSchedule schedule = Started(Interval);
        Assert.That(QueryTimes(schedule, TimeSpan.FromSeconds(40)), Is.EqualTo(new[] { 0.1, 1.1, 3.1, 7.1, 15.1, 25.1, 35.1 }).Within(0.11));
    }

    [Test]
    public void Queries_KeepAShortIntervalFromTheStart()
    {
        MdnsSchedule schedule = Started(TimeSpan.FromMilliseconds(500));
        Assert.That(QueryTimes(schedule, TimeSpan.FromSeconds(2)), Is.EqualTo(new[] { 0.1, 0.6, 1.1, 1.6 }).Within(0.11));
    }

    [Test]
    public void Queries_AreSavedWhenAnotherHostJustAsked()
    {
        MdnsSchedule schedule = Started(Interval);
        QueryTimes(schedule, TimeSpan.FromSeconds(20));
        schedule.HeardQuery();
        Assert.That(QueryTimes(schedule, TimeSpan.FromSeconds(9)), Has.Count.EqualTo(1), "heard 5 s before");
        _time.Advance(TimeSpan.FromSeconds(3));
        schedule.HeardQuery();
        Assert.That(QueryTimes(schedule, TimeSpan.FromSeconds(9)), Is.Empty, "heard 3 s before");
        Assert.That(QueryTimes(schedule, TimeSpan.FromSeconds(10)), Has.Count.EqualTo(1), "heard 13 s before");
    }

    [Test]
    public void Answers_ComeSoonAndOncePerSecond()
    {
        MdnsSchedule schedule = Started(Interval);
        List<double> sent = [];
        for (int step = 0; step < 300; step++)
        {
            schedule.WantAnswer();
            if (schedule.TakeAnswer())
                sent.Add(step / 100.0);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }
        Assert.That(sent, Is.EqualTo(new[] { 0.1, 1.1, 2.1 }).Within(0.11));
        Assert.That(sent[0], Is.InRange(0.02, 0.12));
        Assert.That(sent[1] - sent[0], Is.GreaterThanOrEqualTo(1));
    }

    [Test]
    public void Answers_OfOneKindDoNotHoldBackTheOther()
    {
        MdnsSchedule schedule = Started(Interval);
        schedule.WantAnswer();
        schedule.WantMetaAnswer();
        _time.Advance(TimeSpan.FromMilliseconds(120));
        Assert.That((schedule.TakeAnswer(), schedule.TakeMetaAnswer(), schedule.TakeAnswer()), Is.EqualTo((true, true, false)));
    }

    private MdnsSchedule Started(TimeSpan interval)
    {
        MdnsSchedule schedule = new(_time, new Random(1), interval);
        schedule.Start();
        return schedule;
    }

    private List<double> QueryTimes(MdnsSchedule schedule, TimeSpan span)
    {
        DateTimeOffset start = _time.GetUtcNow();
        List<double> times = [];
        while (_time.GetUtcNow() - start < span)
        {
            if (schedule.TakeQuery())
                times.Add((_time.GetUtcNow() - start).TotalSeconds);
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }
        return times;
    }
}

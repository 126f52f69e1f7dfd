using P2PMiner.Mining;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Jobs;

internal sealed class ForeignJobsTests
{
    private static readonly Hash256 Key = Hash256.Parse(new string('a', 64));
    private static readonly PeerId[] Members = [.. Enumerable.Range(0, 40).Select(i => PeerId.FromEd25519([.. Enumerable.Repeat((byte)i, 32)])).Order()];

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));

    [Test]
    public void Jobs_OfOnePublisherReplaceEachOther_ButNeverByAnOlderOne()
    {
        ForeignJobs jobs = new();
        DaemonJob second = Job(10);
        Assert.That(jobs.Offer(Job(9), 1, 0), Is.True);
        Assert.That(jobs.Offer(second, 2, 0), Is.True);
        Assert.That(jobs.Offer(Job(9), 1, 0), Is.False);
        Assert.That(jobs.All, Is.EqualTo(new[] { second }));
        Assert.That(jobs.Changes.TryRead(out _), Is.True);

        Assert.That(jobs.Offer(Job(10), 3, 0), Is.True, "the same again, for those who missed it");
        Assert.That(jobs.All, Is.EqualTo(new[] { second }));
        Assert.That(jobs.Changes.TryRead(out _), Is.False);
    }

    [Test]
    public void Jobs_OfManyPublishers_LeaveTheBest()
    {
        ForeignJobs jobs = new();
        for (int i = 0; i < Members.Length; i++)
            jobs.Offer(Job((ulong)(10 + i), i), 1, 0);
        Assert.That(jobs.All.Select(job => job.Height).Order(), Is.EqualTo(Enumerable.Range(10 + 40 - ForeignJobs.MaxPublishers, ForeignJobs.MaxPublishers)));
        Assert.That(jobs.Offer(Job(10, 0), 2, 0), Is.False);
    }

    [Test]
    public void Order_IsByHeight_ThenByTheLowestPublisher_WithThisNodeInItsPlace()
    {
        JobOrder order = new(Members[1]);
        DaemonJob[] jobs = [Job(10, 2), Job(10, 0), SampleTemplate.Job(Job(10).Raw), Job(11, 3)];
        Assert.That(jobs.Order(order), Is.EqualTo(new[] { jobs[3], jobs[1], jobs[2], jobs[0] }));
    }

    [Test]
    public void OwnDaemon_AllowsItsOwnBlock_AndALeadOfAProvenMemberForAWhile()
    {
        OwnDaemonView view = new(Members[2].Equals, _time);
        DaemonJob own = SampleTemplate.Job(Job(20).Raw);
        DaemonJob same = Job(20, 1);
        DaemonJob ahead = Job(21, 2);
        DaemonJob[] impossible =
        [
            Job(20 + OwnDaemonView.MaxLead + 1, 2), Job(21, 3), Job(19, 4), Job(20, 5, Key.ToString().Replace('a', 'b')),
            SampleTemplate.Job(SampleTemplate.Read(20, Hash256.Zero, Key, 1000), Members[6]),
            SampleTemplate.Job(Job(20).Raw with { Difficulty = 1001 }, Members[7]), SampleTemplate.Job(Job(20).Raw with { Difficulty = 1 }, Members[8]),
        ];
        Assert.That(view.Filter(own, [same, ahead, .. impossible]), Is.EqualTo(new[] { same, ahead }));
        _time.Advance(OwnDaemonView.LeadPatience);
        Assert.That(view.Filter(own, [same, ahead]), Is.EqualTo(new[] { same, ahead }));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(view.Filter(own, [same, ahead]), Is.EqualTo(new[] { same }));
        Assert.That(view.Filter(own, [same]), Is.EqualTo(new[] { same }));
        Assert.That(view.Filter(own, [Job(20, 2)]), Has.Count.EqualTo(1));
        Assert.That(view.Filter(own, [ahead]), Is.Empty, "for a job that is right, and for silence, he gets no more time");

        Assert.That(view.Filter(SampleTemplate.Job(Job(21).Raw), [ahead]), Is.EqualTo(new[] { ahead }), "the daemon has caught up");
        Assert.That(view.Filter(own, [ahead]), Is.EqualTo(new[] { ahead }));
    }

    [Test]
    public void Lead_ThatTheOwnDaemonDidNotComeTo_IsTheLastForAnHour()
    {
        OwnDaemonView view = new(_ => true, _time);
        DaemonJob own = SampleTemplate.Job(Job(20).Raw);
        DaemonJob invented = SampleTemplate.Job(SampleTemplate.Read(21, Hash256.Zero, Key, 1000), Members[2]);
        Assert.That(view.Filter(own, [invented]), Has.Count.EqualTo(1));
        _time.Advance(OwnDaemonView.LeadPatience);
        Assert.That(view.Filter(own, [Job(22, 2)]), Has.Count.EqualTo(1), "one that goes on");
        DaemonJob later = SampleTemplate.Job(Job(30).Raw);
        _time.Advance(OwnDaemonView.LeadRest - OwnDaemonView.LeadPatience);
        Assert.That(view.Filter(later, [Job(31, 2)]), Is.Empty);
        Assert.That(view.Filter(later, [Job(31, 3)]), Has.Count.EqualTo(1), "another member");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(view.Filter(later, [Job(31, 2)]), Has.Count.EqualTo(1));
    }

    [Test]
    public void OwnDaemon_NearTheEndOfAnEpoch_AllowsNoNextKeyButItsOwn()
    {
        OwnDaemonView view = new(_ => true, _time);
        const ulong last = SeedHeight.EpochLength + SeedHeight.Lag;
        Hash256 next = Hash256.Parse(new string('b', 64));
        DaemonJob own = SampleTemplate.Job(Job(last).Raw with { NextSeedHash = next });
        DaemonJob[] possible = [Job(last, 1), SampleTemplate.Job(own.Raw, Members[2]), Job(last + 1, 3, next.ToString())];
        DaemonJob[] impossible = [SampleTemplate.Job(own.Raw with { NextSeedHash = Hash256.Zero }, Members[4]), Job(last + 1, 5), Job(last + 1, 6, new string('c', 64))];
        Assert.That(view.Filter(own, [.. possible, .. impossible]), Is.EqualTo(possible));
    }

    private static DaemonJob Job(ulong height, int member = 0, string? key = null) => SampleTemplate.Job(
        SampleTemplate.Read(height, new FakeChain().IdAt(height - 1), key is null ? Key : Hash256.Parse(key), 1000), Members[member]);
}

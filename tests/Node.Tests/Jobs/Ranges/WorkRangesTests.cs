using P2PMiner.Node.Jobs.Ranges;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Jobs.Ranges;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class WorkRangesTests
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));

    [Test]
    public void Nodes_ThatKnowEachOther_CoverTheNonceSpaceOnceAndWhole()
    {
        Dictionary<PeerId, int> weights = Enumerable.Range(0, 5).ToDictionary(SliceMapTests.Member, i => 100 + 50 * i);
        HashSet<uint> taken = [];
        foreach (PeerId member in weights.Keys)
        {
            WorkRanges ranges = new(member, _time);
            ranges.SetMembers(weights);
            while (ranges.TryTake(out uint first, out uint count))
            {
                Assert.That(count, Is.EqualTo(SliceMap.SliceSize));
                Assert.That(taken.Add(first), Is.True);
            }
        }
        Assert.That(taken, Has.Count.EqualTo(SliceMap.Slices));
        Assert.That(taken.Max(), Is.EqualTo(uint.MaxValue - SliceMap.SliceSize + 1));
    }

    [Test]
    public void Member_ThatIsGone_KeepsItsSlices_UntilNothingElseIsLeftInAJobOrForADay()
    {
        PeerId self = SliceMapTests.Member(1);
        PeerId other = SliceMapTests.Member(2);
        Dictionary<PeerId, int> both = new() { [self] = 100, [other] = 100 };
        Dictionary<PeerId, int> alone = new() { [self] = 100 };
        WorkRanges ranges = new(self, _time);
        ranges.SetMembers(both);
        int owned = ranges.Owned;
        Assert.That(owned, Is.EqualTo(SliceMap.Slices / 2).Within(400));
        ranges.SetMembers(alone);
        Assert.That(ranges.Owned, Is.EqualTo(owned));
        HashSet<uint> taken = [];
        while (taken.Count < owned && ranges.TryTake(out uint first, out _))
            taken.Add(first);
        Assert.That(ranges.Owned, Is.EqualTo(owned));
        while (ranges.TryTake(out uint first, out _))
            Assert.That(taken.Add(first), Is.True);
        Assert.That(taken, Has.Count.EqualTo(SliceMap.Slices));

        ranges.Restart();
        Assert.That(ranges.Owned, Is.EqualTo(owned), "they were taken over for one job");
        ranges.SetMembers(both);
        Assert.That(ranges.TryTake(out uint own, out _) && ranges.IsStillOurs(own), Is.True);
        ranges.SetMembers(alone);
        _time.Advance(WorkRanges.AbsenceLifetime + TimeSpan.FromSeconds(1));
        ranges.SetMembers(alone);
        Assert.That(ranges.Owned, Is.EqualTo(SliceMap.Slices));
    }

    [Test]
    public void Slice_ThatGoesToANewMember_IsNotOursAnyMore()
    {
        PeerId self = SliceMapTests.Member(1);
        WorkRanges ranges = new(self, _time);
        ranges.SetMembers(new Dictionary<PeerId, int> { [self] = 100 });
        List<uint> taken = [];
        while (ranges.TryTake(out uint first, out _))
            taken.Add(first);
        ranges.SetMembers(new Dictionary<PeerId, int> { [self] = 100, [SliceMapTests.Member(2)] = 300 });
        Assert.That(taken.Count(ranges.IsStillOurs), Is.EqualTo(ranges.Owned));
        Assert.That(ranges.Owned, Is.EqualTo(SliceMap.Slices / 4).Within(400));
    }

    [Test]
    public void Weight_FollowsALastingChange_ButNoNoise()
    {
        WorkWeight weight = new(_time);
        Assert.That(weight.Update(null), Is.Zero);
        int first = weight.Update(1000);
        Assert.That(first, Is.EqualTo(1000).Within(100));
        Random random = new(20261121);
        for (int i = 0; i < 1000; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(3));
            Assert.That(weight.Update(1000 * (0.9 + 0.2 * random.NextDouble())), Is.EqualTo(first));
        }
        Assert.That(weight.Update(300), Is.EqualTo(first));
        _time.Advance(WorkWeight.Patience / 2);
        Assert.That(weight.Update(1000), Is.EqualTo(first), "a dip");
        Assert.That(weight.Update(300), Is.EqualTo(first));
        _time.Advance(WorkWeight.Patience);
        Assert.That(weight.Update(300), Is.EqualTo(300).Within(30));
        Assert.That(weight.Update(0), Is.Not.Zero);
        _time.Advance(WorkWeight.Patience);
        Assert.That(weight.Update(0), Is.Zero);
    }
}

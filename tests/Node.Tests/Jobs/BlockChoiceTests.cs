using P2PMiner.Mining;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Jobs;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class BlockChoiceTests
{
    private const ulong Difficulty = 1000;

    private static readonly PeerId Self = PeerId.FromEd25519([.. Enumerable.Repeat((byte)99, 32)]);
    private static readonly PeerId[] Members = [.. Enumerable.Range(0, 8).Select(i => PeerId.FromEd25519([.. Enumerable.Repeat((byte)i, 32)])).Order()];
    private static readonly Hash256 ChainKey = KeyOf('a'), Key = KeyOf('b'), OtherKey = KeyOf('c'), ThirdKey = KeyOf('d');

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly HashSet<PeerId> _proven = [];
    private readonly BlockChoice _choice;

    public BlockChoiceTests()
    {
        _choice = new BlockChoice(Self, _proven.Contains, _time);
        _choice.Mined(Job(1, 0, ChainKey));
    }

    [Test]
    public void Keys_ThatAMemberChangesAgainAndAgain_AreFollowedAFewTimesAtOnceAndRarelyThen([Values] bool isProven)
    {
        if (isProven)
            _proven.Add(Members[0]);
        TimeSpan pause = isProven ? KeyGuard.ProvenPause : KeyGuard.StrangerPause;
        TimeSpan step = pause / 100;
        Hash256 current = ChainKey;
        int changes = 0;
        for (int i = 1; i <= 250; i++, _time.Advance(step))
        {
            if (Mine(null, Job(400_000_000 + (ulong)i, 0, i % 2 == 0 ? ChainKey : Key)) is not { } best)
                continue;
            changes += best.Key == current ? 0 : 1;
            current = best.Key;
        }
        Assert.That(changes, Is.EqualTo((isProven ? KeyGuard.ProvenBurst : KeyGuard.StrangerBurst) + 2));
    }

    [Test]
    public void NextKeys_ThatAMemberChangesAgainAndAgain_AreLeftOut()
    {
        List<Hash256?> next = [];
        for (int i = 0; i < 10; i++)
            next.Add(Mine(null, Job(2100, 0, Key, next: i % 2 == 0 ? OtherKey : ThirdKey))!.NextKey);
        Assert.That(next, Is.EqualTo(new Hash256?[] { OtherKey, ThirdKey, null, null, null, null, null, null, null, null }));
    }

    [Test]
    public void FirstPublisher_IsMinedAtOnce_AndAgainAfterTheChain()
    {
        DaemonJob job = Job(20, 0, Key);
        Assert.That(Mine(null, job), Is.EqualTo(job));
        _choice.Mined(Job(1, 0, ChainKey));
        Assert.That(Mine(null), Is.Null);
        Assert.That(Mine(null, job), Is.EqualTo(job));
    }

    [Test]
    public void AnotherKey_WhileSomebodyMinesUnderTheOneInUse_TakesMoreWhoDo_OrOneWhoHasProvedHimself()
    {
        DaemonJob honest = Job(20, 3, Key);
        Assert.That(Mine(null, honest), Is.EqualTo(honest));
        DaemonJob other = Job(400_000_000, 0, OtherKey);
        Assert.That(Mine(null, honest, other), Is.EqualTo(honest));
        Assert.That(Mine(null, honest, other, Job(20, 4, Key), Job(400_000_000, 1, OtherKey)), Is.EqualTo(honest));

        DaemonJob[] many = [honest, other, Job(400_000_000, 1, OtherKey)];
        _proven.Add(Members[3]);
        Assert.That(Mine(null, many), Is.EqualTo(honest));
        _proven.Clear();
        Assert.That(Mine(null, many), Is.EqualTo(other));
        _proven.Add(Members[3]);
        Assert.That(Mine(null, many), Is.EqualTo(honest), "back again");
    }

    [Test]
    public void FirstKey_IsThatOfAMemberWhoHasProvedHimself_ThenThatOfTheMost()
    {
        DaemonJob[] jobs = [Job(400_000_000, 0, OtherKey), Job(20, 1, Key), Job(20, 2, Key)];
        Assert.That(Mine(null, jobs), Is.EqualTo(jobs[1]));
        _choice.Mined(Job(1, 0, ChainKey));
        _proven.Add(Members[0]);
        Assert.That(Mine(null, jobs), Is.EqualTo(jobs[0]));
    }

    [Test]
    public void NextKey_IsTakenFromWhoeverIsFirst_BecauseItIsPrepared()
    {
        const ulong last = SeedHeight.EpochLength + SeedHeight.Lag;
        DaemonJob late = Job(last, 1, Key, next: OtherKey);
        Assert.That(Mine(null, late)!.NextKey, Is.EqualTo(OtherKey));
        DaemonJob first = Job(last + 1, 2, OtherKey);
        Assert.That(Mine(null, late, first), Is.EqualTo(first));
    }

    [Test]
    public void Contradiction_AboutOneParent_IsDecidedByWhoHasProvedHimself_ThenByTheMost_ThenByTheOrder()
    {
        DaemonJob[] lies = [Job(20, 0, Key, difficulty: 1 << 30), Job(20, 1, Key, difficulty: 1)];
        DaemonJob honest = Job(20, 2, Key);
        DaemonJob another = Job(20, 3, Key);
        Assert.That(Mine(null, [.. lies, honest]), Is.EqualTo(lies[0]));
        Assert.That(Mine(null, [.. lies, honest, another]), Is.EqualTo(honest));
        DaemonJob[] more = [.. lies, Job(20, 4, Key, difficulty: 1 << 30), Job(20, 5, Key, difficulty: 1 << 30), honest, another];
        Assert.That(Mine(null, more), Is.EqualTo(lies[0]));
        _proven.Add(Members[3]);
        Assert.That(Mine(null, more), Is.EqualTo(honest));
    }

    [Test]
    public void BlockOfAStranger_OnAParentThatNoProvenPublisherBuildsOn_IsMinedOnlyWhereThereIsNoProvenOne()
    {
        DaemonJob honest = Job(20, 5, Key);
        DaemonJob[] invented = [Job(400_000_000, 0, Key), SampleTemplate.Job(SampleTemplate.Read(20, Hash256.Zero, Key, Difficulty), Members[1])];
        Assert.That(Mine(null, [honest, .. invented]), Is.EqualTo(invented[0]));
        _proven.Add(Members[5]);
        Assert.That(Mine(null, [honest, .. invented]), Is.EqualTo(honest));
        DaemonJob same = Job(20, 2, Key);
        Assert.That(Mine(null, [honest, same, .. invented]), Is.EqualTo(same), "by the order");
        Assert.That(Mine(null, invented), Is.EqualTo(invented[0]));
    }

    [Test]
    public void OwnDaemonsKey_IsTakenHoweverManyChangesThereWere()
    {
        for (int i = 0; i < 20; i++)
            Mine(null, Job(20, 0, i % 2 == 0 ? Key : OtherKey));
        DaemonJob own = SampleTemplate.Job(Job(20, 0, ThirdKey).Raw);
        DaemonJob same = Job(20, 0, ThirdKey);
        Assert.That(Mine(own, same, Job(20, 1, Key)), Is.EqualTo(same));
        Assert.That(Mine(own), Is.EqualTo(own));
    }

    [Test]
    public void Refusal_OfTheOwnDaemon_EndsTheJobsOfThePublisher_AndOfAllStrangersIfHeIsOne_ForAWhile()
    {
        DaemonJob own = SampleTemplate.Job(Job(20, 0, Key).Raw);
        DaemonJob[] jobs = [Job(20, 0, Key), Job(20, 1, Key), Job(20, 2, Key)];
        _proven.UnionWith(Members[1..3]);
        Assert.That(Mine(own, jobs), Is.EqualTo(jobs[0]));
        _choice.Refuse(Members[0]);
        Assert.That(Mine(own, jobs), Is.EqualTo(jobs[1]));
        _choice.Refuse(Members[1]);
        Assert.That(Mine(own, jobs), Is.EqualTo(jobs[2]));
        _proven.Remove(Members[2]);
        Assert.That(Mine(own, jobs), Is.EqualTo(own));
        Assert.That(Mine(null, jobs), Is.EqualTo(jobs[0]), "without its daemon it knows nothing better");
        _time.Advance(RefusedPublishers.Rest + TimeSpan.FromSeconds(1));
        Assert.That(Mine(own, jobs), Is.EqualTo(jobs[0]));
    }

    private DaemonJob? Mine(DaemonJob? own, params DaemonJob[] foreign)
    {
        DaemonJob? best = _choice.Choose(own, foreign);
        if (best is not null)
            _choice.Mined(best);
        return best;
    }

    private static DaemonJob Job(ulong height, int member, Hash256 key, ulong difficulty = Difficulty, Hash256? next = null) => SampleTemplate.Job(
        SampleTemplate.Read(height, new FakeChain().IdAt(height - 1), key, difficulty) with { NextSeedHash = next }, Members[member]);

    private static Hash256 KeyOf(char digit) => Hash256.Parse(new string(digit, 64));
}

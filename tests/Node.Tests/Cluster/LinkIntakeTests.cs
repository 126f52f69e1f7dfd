using P2PMiner.Node.Cluster.Chain;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LinkIntakeTests
{
    private readonly ShareTree _theirs = TestChain.NewTree();
    private readonly ShareTree _ours = TestChain.NewTree();
    private readonly List<(Share Share, ulong Tip)> _asked = [];
    private readonly LinkIntake _intake;
    private Func<Share, Proof> _prove = _ => Proof.Valid;

    public LinkIntakeTests() => _intake = new LinkIntake(ProveAsync, TimeProvider.System);

    [Test]
    public async Task Links_AreHashedTogether_MoreAndMoreOfThem_AndAddedInTheirOrder()
    {
        TestChain.Grow(_theirs, 100);
        List<ulong> added = [];
        _ours.Added += link => added.Add(link.Height);
        Assert.That(await _intake.TakeAsync(_ours, Links(), [], CancellationToken.None), Is.EqualTo(100));
        int[] together = [.. _asked.GroupBy(asked => asked.Tip).Select(batch => batch.Count())];
        Assert.That(together, Is.EqualTo(new[] { 1, 2, 4, 8, 16, 32, 32, 5 }));
        Assert.That(added, Is.EqualTo(Enumerable.Range(1, 100).Select(height => (ulong)height)));
        Assert.That(_ours.Tip.Id, Is.EqualTo(_theirs.Tip.Id));
    }

    [TestCase(1, 1)]
    [TestCase(13, 15)]
    [TestCase(90, 95)]
    public void LinkWithoutWork_EndsIt_BeforeMuchMoreIsHashed(int wrong, int most)
    {
        TestChain.Grow(_theirs, 100);
        _prove = share => share.Header.Height == (ulong)wrong ? Proof.Invalid : Proof.Valid;
        Assert.That(async () => await _intake.TakeAsync(_ours, Links(), [], CancellationToken.None), Throws.TypeOf<ProtocolException>());
        Assert.That(_ours.Tip.Height, Is.EqualTo((ulong)wrong - 1));
        Assert.That(_asked, Has.Count.EqualTo(most));
    }

    [Test]
    public void LinkThatBreaksARule_IsNeverHashed_NorIsWhatFollows()
    {
        TestChain.Grow(_theirs, 10);
        ShareHeader header = TestChain.ChildHeader(_theirs.Tip);
        Share wrong = Share.Embedded(header with { Difficulty = header.Difficulty + 1 }, 0);
        Assert.That(async () => await _intake.TakeAsync(_ours, [.. Links(), wrong], [], CancellationToken.None), Throws.TypeOf<ProtocolException>());
        Assert.That(_ours.Tip.Height, Is.EqualTo(10), "those before it are good");
        Assert.That(_asked.Select(asked => asked.Share), Has.None.SameAs(wrong));
    }

    [Test]
    public async Task LinkThatCannotBeCheckedNow_EndsIt_AndBlamesNobody()
    {
        TestChain.Grow(_theirs, 20);
        _prove = share => share.Header.Height == 10 ? Proof.Unknown : Proof.Valid;
        Assert.That(await _intake.TakeAsync(_ours, Links(), [], CancellationToken.None), Is.EqualTo(9));
        Assert.That(_ours.Tip.Height, Is.EqualTo(9));
    }

    [Test]
    public async Task LinksThatAreHereAlready_AreNotHashedAgain()
    {
        TestChain.Grow(_theirs, 20);
        foreach (Share share in Links().Take(6))
            _ours.AddVerified(share, share.Header.Timestamp);
        Assert.That(await _intake.TakeAsync(_ours, Links(), [], CancellationToken.None), Is.EqualTo(20));
        Assert.That(_asked.Select(asked => asked.Share.Header.Height), Is.EqualTo(Enumerable.Range(7, 14).Select(height => (ulong)height)));
    }

    [Test]
    public async Task Uncles_GoInBeforeTheLinksThatNameThem()
    {
        TestChain.Grow(_theirs, 5);
        Link uncle = TestChain.Extend(_theirs, _theirs.AtHeight(3)!, extraNonce: 77);
        Share naming = _theirs.NextTemplate(TestChain.Alice, _theirs.Tip.Timestamp + 10).ToShare(0, 0);
        Assert.That(naming.Header.Uncles, Is.EqualTo(new[] { uncle.Id }));
        _theirs.AddVerified(naming, naming.Header.Timestamp);
        Assert.That(await _intake.TakeAsync(_ours, Links(), [uncle.Share], CancellationToken.None), Is.EqualTo(6));
        Assert.That(_ours.Count, Is.EqualTo(_theirs.Count));

        ShareTree without = TestChain.NewTree();
        Assert.That(await _intake.TakeAsync(without, Links(), [], CancellationToken.None), Is.EqualTo(5), "the uncle is not known");
    }

    private List<Share> Links() => [.. Enumerable.Range(1, (int)_theirs.Tip.Height).Select(height => _theirs.AtHeight((ulong)height)!.Share)];

    private Task<Proof> ProveAsync(Share share, CancellationToken cancellation)
    {
        _asked.Add((share, _ours.Tip.Height));
        return Task.FromResult(_prove(share));
    }
}

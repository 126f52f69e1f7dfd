using P2PMiner.Node.Cluster.Discovery;
using P2PMiner.Node.Tests.Jobs.Ranges;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class MissingPeersTests
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly MissingPeers _missing;

    public MissingPeersTests() => _missing = new MissingPeers(_time);

    [Test]
    public void PeerThatDoesNotAnswer_IsDialledLessAndLessOften_ButForEver()
    {
        PeerId[] known = [SliceMapTests.Member(0)];
        List<int> minutes = [];
        for (int minute = 0; minute < 80; minute++)
        {
            if (_missing.Take(known, _ => false).Count == 1)
                minutes.Add(minute);
            _time.Advance(MissingPeers.FirstPause);
        }
        Assert.That(minutes, Is.EqualTo(new[] { 0, 1, 3, 7, 15, 31, 47, 63, 79 }));
    }

    [Test]
    public void ManyPeers_TakeTurns_AFewAtOnce()
    {
        PeerId[] known = [.. Enumerable.Range(0, KnownPeers.MaxPeers).Select(SliceMapTests.Member)];
        HashSet<PeerId> dialled = [];
        for (int turn = 0; turn < KnownPeers.MaxPeers / MissingPeers.AtOnce; turn++)
        {
            IReadOnlyList<PeerId> taken = _missing.Take(known, _ => false);
            Assert.That(taken, Has.Count.EqualTo(MissingPeers.AtOnce));
            dialled.UnionWith(taken);
            _time.Advance(MissingPeers.FirstPause);
        }
        Assert.That(dialled, Has.Count.EqualTo(known.Length));
    }

    [Test]
    public void PeerThatIsThere_IsNotDialled_AndBeginsAnewWhenItGoes()
    {
        PeerId[] known = [SliceMapTests.Member(0), SliceMapTests.Member(1)];
        for (int i = 0; i < 10; i++)
        {
            _missing.Take(known, _ => false);
            _time.Advance(MissingPeers.FirstPause);
        }
        Assert.That(_missing.Take(known, _ => true), Is.Empty);
        Assert.That(_missing.Take(known, peer => peer.Equals(known[0])), Is.EqualTo(new[] { known[1] }));
    }
}

using System.Net;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Routing;

public sealed class RoutingTableTests
{
    private static readonly PeerId Local = TestPeers.Peer(0);
    private static readonly IPAddress Group = IPAddress.Parse("8.8.0.0");

    private ManualTime _time = null!;
    private RoutingTable _table = null!;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        _table = new RoutingTable(Local, new RoutingTableLimits(3, PerGroup: 4, PerGroupAndBucket: 2), _time);
    }

    [Test]
    public void Table_TakesNobodyTwice_AndNotOurselves()
    {
        Assert.That(_table.Add(Local, null), Is.EqualTo(AddResult.Refused));
        Assert.That(_table.Add(TestPeers.Peer(1), null), Is.EqualTo(AddResult.Added));
        Assert.That(_table.Add(TestPeers.Peer(1), null), Is.EqualTo(AddResult.Refreshed));
        Assert.That(_table.Count, Is.EqualTo(1));
    }

    [Test]
    public void FullBucket_KeepsItsContacts_AndLetsOthersWait()
    {
        PeerId[] peers = [.. TestPeers.Sharing(Local, 0).Take(5)];

        Assert.That(peers.Select(peer => _table.Add(peer, null)), Is.EqualTo(new[]
        {
            AddResult.Added, AddResult.Added, AddResult.Added, AddResult.Waiting, AddResult.Waiting,
        }));
        Assert.That(Peers(), Is.EqualTo(peers[..3]));
    }

    [Test]
    public void RemovedContact_GivesItsPlaceToTheNewestThatWaits()
    {
        PeerId[] peers = [.. TestPeers.Sharing(Local, 0).Take(5)];
        foreach (PeerId peer in peers)
            Add(peer);

        _table.Remove(peers[1]);

        Assert.That(Peers(), Is.EqualTo(new[] { peers[0], peers[2], peers[4] }));
    }

    [Test]
    public void Oldest_IsTheOneSeenLongestAgo()
    {
        PeerId[] peers = [.. TestPeers.Sharing(Local, 0).Take(4)];
        foreach (PeerId peer in peers[..3])
            Add(peer);
        Add(peers[0]);

        Assert.That(_table.OldestBeside(peers[3])!.Peer, Is.EqualTo(peers[1]));
    }

    [Test]
    public void FailingContact_GoesAtOnceIfAnotherWaits_ElseTheSecondTime()
    {
        PeerId[] peers = [.. TestPeers.Sharing(Local, 0).Take(4)];
        foreach (PeerId peer in peers)
            Add(peer);

        Assert.That(_table.Fail(peers[0]), Is.True);
        Assert.That(_table.Fail(peers[1]), Is.False);
        Assert.That(_table.Fail(peers[1]), Is.True);
        Assert.That(Peers(), Is.EqualTo(new[] { peers[2], peers[3] }));
    }

    [Test]
    public void ContactThatAnswersBetweenFailures_Stays()
    {
        Add(TestPeers.Peer(1));
        _table.Fail(TestPeers.Peer(1));
        Add(TestPeers.Peer(1));

        Assert.That(_table.Fail(TestPeers.Peer(1)), Is.False);
    }

    [Test]
    public void Groups_AreLimitedPerBucketAndInTotal_AndFreedOnRemoval()
    {
        PeerId[] far = [.. TestPeers.Sharing(Local, 0).Take(3)];
        PeerId[] near = [.. TestPeers.Sharing(Local, 1).Take(3)];
        PeerId[] nearer = [.. TestPeers.Sharing(Local, 2).Take(2)];

        Assert.That(far.Select(peer => _table.Add(peer, Group)), Is.EqualTo(new[] { AddResult.Added, AddResult.Added, AddResult.Refused }));
        Assert.That(near[..2].Select(peer => _table.Add(peer, Group)), Is.All.EqualTo(AddResult.Added));
        Assert.That(_table.Add(nearer[0], Group), Is.EqualTo(AddResult.Refused));
        Assert.That(_table.Add(nearer[0], IPAddress.Parse("9.9.0.0")), Is.EqualTo(AddResult.Added));
        _table.Remove(far[0]);
        Assert.That(_table.Add(nearer[1], Group), Is.EqualTo(AddResult.Added));
    }

    [Test]
    public void Changes_AreTold()
    {
        List<(PeerId, int)> changes = [];
        _table.Changed += (peer, change) => changes.Add((peer, change));
        PeerId[] peers = [.. TestPeers.Sharing(Local, 0).Take(4)];
        foreach (PeerId peer in peers)
            Add(peer);
        _table.Remove(peers[0]);
        _table.Clear();

        Assert.That(changes, Is.EqualTo(new[]
        {
            (peers[0], 1), (peers[1], 1), (peers[2], 1), (peers[0], -1), (peers[3], 1), (peers[1], -1), (peers[2], -1), (peers[3], -1),
        }));
        Assert.That(_table.Count, Is.Zero);
    }

    private void Add(PeerId peer)
    {
        _table.Add(peer, null);
        _time.Advance(TimeSpan.FromSeconds(1));
    }

    private IEnumerable<PeerId> Peers() => _table.Snapshot().Select(contact => contact.Peer);
}

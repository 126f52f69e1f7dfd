using System.Net;
using FsCheck;
using FsCheck.Fluent;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Routing;

/// <summary>What holds for a routing table after any history.</summary>
public sealed class RoutingTableProperties
{
    private const int BucketSize = 4;
    private const int PerGroup = 6;
    private const int PerGroupAndBucket = 3;

    private static readonly PeerId Local = TestPeers.Peer(0);

    [Test]
    public void Table_AfterAnyHistory_KeepsItsBoundsAndCounts() => Holds((table, _) =>
    {
        List<Contact> contacts = table.Snapshot();
        Assert.That(contacts, Has.Count.EqualTo(table.Count));
        Assert.That(contacts.Select(contact => contact.Peer), Is.Unique.And.No.Member(Local));
        foreach (IGrouping<int, Contact> bucket in contacts.GroupBy(contact => contact.Key.CommonPrefixLength(table.LocalKey)))
        {
            Assert.That(bucket.Count(), Is.LessThanOrEqualTo(BucketSize));
            Assert.That(bucket, Is.Ordered.By(nameof(Contact.LastSeen)));
            Assert.That(Largest(bucket), Is.LessThanOrEqualTo(PerGroupAndBucket));
        }
        Assert.That(Largest(contacts), Is.LessThanOrEqualTo(PerGroup));
    });

    [Test]
    public void Closest_AfterAnyHistory_AreTheClosestOfAll() => Holds((table, target) =>
    {
        KadKey key = KadKey.Of(TestPeers.Peer(target));
        for (int count = 1; count < 30; count += 7)
        {
            IEnumerable<PeerId> expected = table.Snapshot()
                .OrderBy(contact => contact.Key.DistanceTo(key))
                .Select(contact => contact.Peer)
                .Where(peer => !peer.Equals(TestPeers.Peer(3)))
                .Take(count);
            Assert.That(table.Closest(key, count, TestPeers.Peer(3)).Select(contact => contact.Peer), Is.EqualTo(expected));
        }
    });

    [Test]
    public void Changes_AfterAnyHistory_SumUpToTheContacts()
    {
        Dictionary<PeerId, int> told = [];
        Holds(
            (table, _) => Assert.That(
                told.Where(entry => entry.Value == 1).Select(entry => entry.Key),
                Is.EquivalentTo(table.Snapshot().Select(contact => contact.Peer))),
            table =>
            {
                told.Clear();
                table.Changed += (peer, change) => told[peer] = told.GetValueOrDefault(peer) + change;
            });
    }

    /// <summary>Checks a property after histories of (what to do, peer, group).</summary>
    private static void Holds(Action<RoutingTable, int> property, Action<RoutingTable>? prepare = null)
    {
        Gen<(int, int, int)[]> histories =
            Gen.ArrayOf(from action in Gen.Choose(0, 9) from peer in Gen.Choose(1, 200) from @group in Gen.Choose(0, 3) select (action, peer, @group));
        Property holds = Prop.ForAll(histories.ToArbitrary(), history =>
        {
            ManualTime time = new();
            RoutingTable table = new(Local, new RoutingTableLimits(BucketSize, PerGroup, PerGroupAndBucket), time);
            prepare?.Invoke(table);
            foreach ((int action, int peer, int group) in history)
            {
                Apply(table, action, TestPeers.Peer(peer), group);
                time.Advance(TimeSpan.FromSeconds(1));
            }
            property(table, history.Length);
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(600).WithReplay(1, 1), holds);
    }

    private static void Apply(RoutingTable table, int action, PeerId peer, int group)
    {
        if (action < 7)
            table.Add(peer, group == 0 ? null : IPAddress.Parse($"{group}.0.0.0"));
        else if (action == 7)
            table.Remove(peer);
        else
            table.Fail(peer);
    }

    private static int Largest(IEnumerable<Contact> contacts) => contacts
        .Where(contact => contact.Group is not null)
        .GroupBy(contact => contact.Group)
        .Select(group => group.Count())
        .DefaultIfEmpty(0)
        .Max();
}

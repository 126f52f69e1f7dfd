using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CheckBudgetTests
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);

    [Test]
    public void Peer_HasItsOwnBudget_OnceItIsTrusted()
    {
        CheckBudget budget = new(_time);
        budget.Trust(Peer(1));
        Assert.That(Taken(budget, Peer(1)), Is.EqualTo((int)CheckBudget.PeerBurst));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.That(Taken(budget, Peer(1)), Is.EqualTo((int)(5 * CheckBudget.PeerRate)));
    }

    /// <summary>As somebody has who comes back with a new key whenever he is cut off.</summary>
    [Test]
    public void Newcomers_HaveLittleTogether_HoweverMany_AndTakeNothingFromOthers()
    {
        CheckBudget budget = new(_time);
        budget.Trust(Peer(0));
        Assert.That(Enumerable.Range(1, 2000).Sum(i => Taken(budget, Peer(i))), Is.EqualTo((int)CheckBudget.NewBurst));
        Assert.That(Taken(budget, Peer(0)), Is.EqualTo((int)CheckBudget.PeerBurst));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(Enumerable.Range(2001, 2000).Sum(i => Taken(budget, Peer(i))), Is.EqualTo((int)(10 * CheckBudget.NewRate)));
    }

    [Test]
    public void TrustedPeer_IsNotForgotten_WhenManyNewcomersCome()
    {
        CheckBudget budget = new(_time, new BudgetRates(1, 2, BudgetRates.Unlimited, BudgetRates.Unlimited, NewRate: 0, NewBurst: 1000));
        budget.Trust(Peer(0));
        Assert.That(Enumerable.Range(1, 2000).Sum(i => budget.TryTake(Peer(i)) ? 1 : 0), Is.EqualTo(1000));
        Assert.That(Taken(budget, Peer(0)), Is.EqualTo(2), "a newcomer would get nothing");
    }

    /// <summary>Names that cost nothing take no more of what there is in all, however cheap the shares are that they bring.</summary>
    [Test]
    public void Trust_IsThatOfWhoeverKeepsAccountOfIt()
    {
        CheckBudget budget = new(_time, isTrusted: peer => peer.Equals(Peer(0)));
        for (int i = 1; i < 100; i++)
            budget.Trust(Peer(i));
        Assert.That(Enumerable.Range(1, 99).Sum(i => Taken(budget, Peer(i))), Is.EqualTo((int)CheckBudget.NewBurst));
        Assert.That(Taken(budget, Peer(0)), Is.EqualTo((int)CheckBudget.PeerBurst));
    }

    private static int Taken(CheckBudget budget, PeerId peer)
    {
        int taken = 0;
        while (budget.TryTake(peer))
            taken++;
        return taken;
    }

    private static PeerId Peer(int number)
    {
        byte[] key = new byte[32];
        BitConverter.TryWriteBytes(key, number);
        return PeerId.FromEd25519(key);
    }
}

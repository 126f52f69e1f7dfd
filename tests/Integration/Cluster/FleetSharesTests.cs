using P2PMiner.Node.Api;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Integration.Tests.Cluster;

/// <summary>The count that the long tests assert by, on chains that were made for it.</summary>
[Category("Node")]
internal sealed class FleetSharesTests
{
    private const int First = 0, Second = 1, Third = 2;

    private static readonly MinerId[] Miners = [new([1]), new([2]), new([3])];

    private static readonly int[] Everybody = [First, Second, Third];

    private ShareTree[] _chains = [];
    private ulong _nonce;

    [SetUp]
    public void MakeChains() => _chains = [.. Everybody.Select(_ => new ShareTree(Genesis.Of("count"), (_, _) => default, _ => true))];

    [Test]
    public void Shares_OnTheChain_AreCredited_UpToWhereNothingCanBeNamedAnyMore()
    {
        for (int i = 0; i < 10; i++)
            Find(i % 3, Everybody);
        FleetShares shares = Count([]);
        Assert.That(shares.Common, Is.EqualTo(10));
        Assert.That(shares.Settled, Is.EqualTo(7));
        Assert.That(shares.All, Has.Count.EqualTo(7));
        Assert.That(shares.Lost, Is.Empty);
        Assert.That(shares.LostWork, Is.Zero);
    }

    [Test]
    public void Share_BesideTheChain_IsCreditedAsAnUncle_AndLostWhenNobodyNamesIt()
    {
        Share named = Find(First, []);
        Share unnamed = Find(Second, []);
        Find(Third, Everybody);
        Add(named, Everybody);
        Find(Third, Everybody);
        for (int i = 0; i < 6; i++)
            Find(Third, Everybody);
        Add(unnamed, [Second]);
        FleetShares shares = Count([]);
        Assert.That(shares.All.Single(share => share.Machine == First).IsCredited, Is.True);
        FoundShare lost = shares.Lost.Single();
        Assert.That((lost.Machine, lost.Height, lost.Holders), Is.EqualTo((Second, 1UL, 1)));
        Assert.That(shares.LostWork, Is.EqualTo(lost.Difficulty / shares.All.Sum(share => share.Difficulty)));
    }

    [Test]
    public void Share_ThatIsLoggedAndOnNoDisk_IsLost_AndOneOnADiskWithoutALineIsFound()
    {
        List<string> output = [];
        for (int i = 0; i < 10; i++)
        {
            Share share = Find(First, Everybody);
            if (i > 0)
                output.Add($"0: 12:00:00 info  Share accepted: link {share.Header.Height}, difficulty {share.Header.Difficulty}");
        }
        output.Add("1: 12:00:00 info  Share came late: link 3, difficulty 77, while the chain ends at 9");
        output.Add("1: 12:00:00 info  Share came late: link 9, difficulty 77, while the chain ends at 10");
        output.Add("2: 12:00:00 warn  Share rejected by the chain: Key");
        FleetShares shares = Count(output);
        Assert.That(shares.All, Has.Count.EqualTo(8));
        Assert.That(shares.Lost.Single(), Is.EqualTo(new FoundShare(Second, 3, 77, Holders: 0, IsCredited: false)));
        Assert.That(shares.Rejected, Is.EqualTo(1));
    }

    [Test]
    public void Survivors_WithTwoChains_HaveInCommonWhatIsBeforeThem()
    {
        for (int i = 0; i < 5; i++)
            Find(First, Everybody);
        Find(First, [First]);
        Find(Second, [Second]);
        Assert.That(Count([]).Common, Is.EqualTo(5));
        Find(First, [First, Second, Third]);
        Assert.That(FleetShares.Of(_chains, Names, [First], []).Common, Is.EqualTo(7));
    }

    private static string[] Names => [.. Miners.Select(ContributionReport.NameOf)];

    private FleetShares Count(IReadOnlyList<string> output) => FleetShares.Of(_chains, Names, Everybody, output);

    /// <summary>A share on the finder's tip, in the chains of these machines; whoever lacks its parents does not take it.</summary>
    private Share Find(int finder, int[] holders)
    {
        ulong now = 10 * ++_nonce;
        Share share = _chains[finder].NextTemplate(Miners[finder], Begin + now).ToShare(_nonce, 0);
        Add(share, holders);
        return share;
    }

    private void Add(Share share, int[] holders)
    {
        foreach (int holder in holders)
            _chains[holder].AddVerified(share, Begin + 10 * _nonce);
    }

    private static ulong Begin => (ulong)new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
}

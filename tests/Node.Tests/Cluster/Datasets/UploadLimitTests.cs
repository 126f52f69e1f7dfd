using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster.Datasets;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class UploadLimitTests
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);

    [Test]
    public void Budget_LetsPassAtItsRate_InOrder()
    {
        UploadBudget budget = new(1000, _time);
        Task[] turns = [.. Enumerable.Range(0, 4).Select(_ => budget.TakeAsync(500, CancellationToken.None))];
        Assert.That(turns.Count(turn => turn.IsCompleted), Is.EqualTo(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(async () => await Task.WhenAll(turns[..3]).WaitAsync(TimeSpan.FromMinutes(1)), Throws.Nothing);
        Assert.That(turns[3].IsCompleted, Is.False);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.That(async () => await turns[3].WaitAsync(TimeSpan.FromMinutes(1)), Throws.Nothing);
        Assert.That(budget.TakeAsync(500, CancellationToken.None).IsCompleted, Is.True);
        Assert.That(budget.TakeAsync(500, CancellationToken.None).IsCompleted, Is.False, "an idle hour saves nothing up");
    }

    [Test]
    public void Budget_WithoutLimit_NeverWaits()
    {
        UploadBudget budget = new(null, _time);
        for (int i = 0; i < 1000; i++)
            Assert.That(budget.TakeAsync(1 << 20, CancellationToken.None).IsCompleted, Is.True);
    }

    [Test]
    public void Quota_OfAPeer_IsUsedUpAndComesBack()
    {
        PeerQuota quota = new(_time);
        PeerId peer = PeerId.FromEd25519(new byte[32]);
        for (int taken = 0; taken < PeerQuota.Burst; taken += 64)
            Assert.That(quota.TryTake(peer, Math.Min(64, PeerQuota.Burst - taken)), Is.True);
        Assert.That(quota.TryTake(peer, 1), Is.False);
        Assert.That(quota.TryTake(PeerId.FromEd25519([1, .. new byte[31]]), 64), Is.True);
        _time.Advance(TimeSpan.FromMinutes(30));
        for (int taken = 0; taken < 2080; taken += 65)
            Assert.That(quota.TryTake(peer, Math.Min(64, 2080 - taken)), Is.True);
        Assert.That(quota.TryTake(peer, 64), Is.False);
    }

    [Test]
    public void Quota_RemembersBoundedlyMany()
    {
        PeerQuota quota = new(_time);
        for (int i = 0; i < 3000; i++)
            Assert.That(quota.TryTake(PeerId.FromEd25519([(byte)i, (byte)(i >> 8), .. new byte[30]]), 64), Is.True);
    }
}

using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Network;

public sealed class DialBackoffTests
{
    private static readonly Multiaddr Address = Multiaddr.Parse("/ip4/10.0.0.1/tcp/4001");
    private static readonly ConnectionLimits Limits = new() { BackoffBase = TimeSpan.FromSeconds(1), BackoffMax = TimeSpan.FromSeconds(60) };

    [Test]
    public void Backoff_DoublesWithEachFailureUpToItsMaximum()
    {
        ManualTime time = new();
        DialBackoff backoff = new(Limits, time, static () => 0);
        List<double> waits = [];

        for (int i = 0; i < 9; i++)
        {
            backoff.Failed(null, Address);
            DateTimeOffset start = time.GetUtcNow();
            while (backoff.IsBlocked(null, Address))
                time.Advance(TimeSpan.FromSeconds(1));
            waits.Add((time.GetUtcNow() - start).TotalSeconds);
        }

        Assert.That(waits, Is.EqualTo(new[] { 1.0, 2, 4, 8, 16, 32, 60, 60, 60 }));
    }

    [Test]
    public void Backoff_IsShortenedByJitter()
    {
        ManualTime time = new();
        DialBackoff backoff = new(Limits, time, static () => 0.999);
        backoff.Failed(null, Address);

        time.Advance(TimeSpan.FromSeconds(0.69));
        Assert.That(backoff.IsBlocked(null, Address), Is.True);
        time.Advance(TimeSpan.FromSeconds(0.02));
        Assert.That(backoff.IsBlocked(null, Address), Is.False);
    }

    [Test]
    public void Backoff_IsForgottenOnSuccess()
    {
        ManualTime time = new();
        DialBackoff backoff = new(Limits, time, static () => 0);
        TestNetwork peer = new TestSwarm(time).Add();
        backoff.Failed(peer.LocalPeer, Address);
        backoff.Failed(null, Address);

        backoff.Forget(peer.LocalPeer, [Address]);
        Assert.That((backoff.IsBlocked(peer.LocalPeer, Address), backoff.IsBlocked(null, Address)), Is.EqualTo((false, true)));
        backoff.Succeeded(null, Address);
        Assert.That((backoff.IsBlocked(null, Address), backoff.Count), Is.EqualTo((false, 0)));
    }

    [Test]
    public void Backoff_RemembersABoundedNumberOfAddresses()
    {
        ManualTime time = new();
        DialBackoff backoff = new(Limits, time, static () => 0);
        for (int i = 0; i < DialBackoff.MaxEntries + 500; i++)
            backoff.Failed(null, Multiaddr.Parse($"/ip4/10.{i >> 16}.{(i >> 8) & 255}.{i & 255}/tcp/1"));

        Assert.That(backoff.Count, Is.EqualTo(DialBackoff.MaxEntries));
        time.Advance(TimeSpan.FromMinutes(2));
        backoff.Failed(null, Address);
        Assert.That(backoff.Count, Is.EqualTo(1));
    }
}

using System.Net;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>p2p-peer under attack on loopback, with a friend, another p2p-peer, that must not notice.</summary>
internal abstract class ScriptedVictimTests(params string[] options) : PeerTests
{
    protected ScriptedPeer Victim { get; private set; } = null!;

    protected ScriptedPeer Friend { get; private set; } = null!;

    protected IPEndPoint Target { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Victim = await StartForAllAsync(PeerKind.Ours, "victim", options);
        Friend = await StartForAllAsync(PeerKind.Ours, "friend", options);
        await DialAsync(Friend, Victim);
        await Friend.WaitAsync("identify", e => e.Text("remotePeer") == Victim.Id);
        Target = new IPEndPoint(IPAddress.Loopback, int.Parse(Victim.Address.Split('/')[4]));
    }

    [TearDown]
    public async Task CheckTheFriendAsync()
    {
        await Friend.CallAsync("ping", new { peer = Victim.Id });
        Assert.That(Friend.Events("peer:disconnect").Select(e => e.Text("remotePeer")), Does.Not.Contain(Victim.Id));
    }
}

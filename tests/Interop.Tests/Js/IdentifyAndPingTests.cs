using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

[TestFixture(PeerKind.Js, PeerKind.Ours)]
[TestFixture(PeerKind.Ours, PeerKind.Js)]
internal sealed class IdentifyAndPingTests(PeerKind dialerKind, PeerKind listenerKind) : PairTests(dialerKind, listenerKind)
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task Identify_TellsAllOfTheOther(bool dialerAsks)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerAsks);
        string listens = to.Address[..to.Address.IndexOf("/p2p/", StringComparison.Ordinal)];

        JsonElement said = await from.WaitAsync("identify", e => e.Text("remotePeer") == to.Id);

        Assert.Multiple(() =>
        {
            Assert.That(said.Texts("protocols"), Is.EquivalentTo(to.Listening.Texts("protocols")));
            Assert.That(said.Text("agentVersion"), Is.Not.Empty);
            Assert.That(said.Texts("listenAddrs"), Is.EqualTo(new[] { listens }));
            Assert.That(said.Text("observedAddr"), Does.StartWith("/ip4/127.0.0.1/tcp/"));
            Assert.That(said.GetProperty("signedPeerRecord").Texts("addresses"), Is.EqualTo(new[] { listens }));
            Assert.That(ulong.Parse(said.GetProperty("signedPeerRecord").Text("seq")), Is.Positive);
        });
        JsonElement known = await from.UntilAsync("peerStore", new { peer = to.Id }, e => e.Items("addresses").Length > 0);
        Assert.That(known.Items("addresses").Any(one => one.Text("addr") == listens && one.Flag("certified")), known.ToString());
        Assert.That(known.GetProperty("metadata").Text("AgentVersion"), Is.EqualTo(said.Text("agentVersion")));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Identify_AskedAgain_IsAnsweredAgain(bool dialerAsks)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerAsks);

        JsonElement said = await from.CallAsync("identify", new { peer = to.Id });

        Assert.That(said.Texts("protocols"), Is.SupersetOf(to.Listening.Texts("protocols")));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task IdentifyPush_TellsOfNewAndGoneProtocols(bool dialerChanges)
    {
        const string Protocol = "/p2p-miner/interop/late/1.0.0";
        (ScriptedPeer changing, ScriptedPeer told) = Sides(dialerChanges);

        int start = told.Now;
        await changing.CallAsync("handle", new { protocol = Protocol, mode = "echo" });
        await told.WaitAsync("identify", e => e.Texts("protocols").Contains(Protocol), start);
        JsonElement echo = await told.CallAsync("openStream", new { peer = changing.Id, protocol = Protocol, send = "c0ffee" });
        Assert.That(echo.Text("data"), Is.EqualTo("c0ffee"));

        start = told.Now;
        await changing.CallAsync("unhandle", new { protocol = Protocol });
        await told.WaitAsync("identify", e => e.Text("remotePeer") == changing.Id && !e.Texts("protocols").Contains(Protocol), start);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Ping_OneAfterTheOther(bool dialerPings)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerPings);

        JsonElement result = await from.CallAsync("ping", new { peer = to.Id, count = 20 });

        Assert.That(result.Items("rttMs"), Has.Length.EqualTo(20));
        Assert.That(result.Items("rttMs").Select(one => one.GetDouble()), Is.All.GreaterThanOrEqualTo(0));
    }

    [Test]
    public async Task Ping_BothWaysAtOnce() => await Task.WhenAll(
        Dialer.CallAsync("ping", new { peer = Listener.Id, count = 50 }),
        Listener.CallAsync("ping", new { peer = Dialer.Id, count = 50 }));
}

using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

[TestFixture(PeerKind.Js, PeerKind.Ours)]
[TestFixture(PeerKind.Ours, PeerKind.Js)]
internal sealed class ConnectionTests(PeerKind dialerKind, PeerKind listenerKind) : PeerTests
{
    /// <summary>Some Ed25519 peer that nobody here is.</summary>
    private const string StrangerId = "12D3KooWHQ7Tf8tcLkSLibcNdpmCsVzZarxM8PXpK81MoFasMgX4";

    [TestCase(true, true)]
    [TestCase(false, true)]
    [TestCase(true, false)]
    [TestCase(false, false)]
    public async Task Dial_WithEarlyMuxerOnAndOff_AgreesOnNoiseAndYamux(bool dialerEarly, bool listenerEarly)
    {
        ScriptedPeer dialer = await StartAsync(dialerKind, "dialer", EarlyMuxer(dialerEarly));
        ScriptedPeer listener = await StartAsync(listenerKind, "listener", EarlyMuxer(listenerEarly));

        JsonElement connection = (await DialAsync(dialer, listener)).GetProperty("conn");

        Assert.Multiple(() =>
        {
            Assert.That(connection.Text("remotePeer"), Is.EqualTo(listener.Id));
            Assert.That(connection.Text("direction"), Is.EqualTo("outbound"));
            Assert.That(connection.Text("encryption"), Is.EqualTo("/noise"));
            Assert.That(connection.Text("multiplexer"), Is.EqualTo("/yamux/1.0.0"));
        });
        await AssertSecuredAsync(dialer, listener, dialerEarly && listenerEarly, listenerEarly);
        await AssertSecuredAsync(listener, dialer, dialerEarly && listenerEarly, dialerEarly);
        await listener.WaitAsync("peer:connect", e => e.Text("remotePeer") == dialer.Id);
        await dialer.CallAsync("ping", new { peer = listener.Id });
        await listener.CallAsync("ping", new { peer = dialer.Id });
    }

    [Test]
    public async Task Dial_WithoutPeerId_TakesWhoeverAnswers()
    {
        ScriptedPeer dialer = await StartAsync(dialerKind, "dialer");
        ScriptedPeer listener = await StartAsync(listenerKind, "listener");

        JsonElement result = await dialer.CallAsync("dial", new { addr = WithoutId(listener) });

        Assert.That(result.GetProperty("conn").Text("remotePeer"), Is.EqualTo(listener.Id));
    }

    [Test]
    public async Task Dial_OfAnotherIdentity_FailsAndLeavesTheListenerUnharmed()
    {
        ScriptedPeer dialer = await StartAsync(dialerKind, "dialer");
        ScriptedPeer listener = await StartAsync(listenerKind, "listener");

        JsonElement wrong = await dialer.TryCallAsync("dial", new { addr = $"{WithoutId(listener)}/p2p/{StrangerId}" });
        Assert.That(wrong.Flag("ok"), Is.False);

        await DialAsync(dialer, listener);
        await dialer.CallAsync("ping", new { peer = listener.Id });
    }

    [Test]
    public async Task Hangup_ByEitherSide_IsSeenByBoth()
    {
        ScriptedPeer dialer = await StartAsync(dialerKind, "dialer");
        ScriptedPeer listener = await StartAsync(listenerKind, "listener");
        foreach (ScriptedPeer ending in new[] { dialer, listener })
        {
            (int ofDialer, int ofListener) = (dialer.Now, listener.Now);
            await DialAsync(dialer, listener);
            await listener.WaitAsync("peer:connect", since: ofListener);
            await listener.WaitAsync("identify", since: ofListener);

            await ending.CallAsync("hangup", new { peer = ending == dialer ? listener.Id : dialer.Id });

            await dialer.WaitAsync("peer:disconnect", e => e.Text("remotePeer") == listener.Id, ofDialer);
            await listener.WaitAsync("peer:disconnect", e => e.Text("remotePeer") == dialer.Id, ofListener);
        }
    }

    [Test]
    public async Task Quit_IsSeenByTheOtherSideAtOnce()
    {
        ScriptedPeer dialer = await StartAsync(dialerKind, "dialer");
        ScriptedPeer listener = await StartAsync(listenerKind, "listener");
        await DialAsync(dialer, listener);
        await dialer.WaitAsync("identify");

        Assert.That(await listener.QuitAsync(), Is.Zero);

        await dialer.WaitAsync("peer:disconnect", e => e.Text("remotePeer") == listener.Id);
    }

    [Test]
    public async Task Kill_IsSeenAndTheSameIdentityComesBack()
    {
        const string Seed = "0707070707070707070707070707070707070707070707070707070707070707";
        ScriptedPeer dialer = await StartAsync(dialerKind, "dialer");
        ScriptedPeer first = await StartAsync(listenerKind, "first", "--seed", Seed);
        await DialAsync(dialer, first);

        await first.KillAsync();
        await dialer.WaitAsync("peer:disconnect", e => e.Text("remotePeer") == first.Id);
        ScriptedPeer second = await StartAsync(listenerKind, "second", "--seed", Seed);
        await DialAsync(dialer, second);

        Assert.That(second.Id, Is.EqualTo(first.Id));
        await dialer.CallAsync("ping", new { addr = second.Address });
    }

    [Test]
    public async Task Dial_OfBothAtOnce_LeavesAWorkingConnection()
    {
        ScriptedPeer dialer = await StartAsync(dialerKind, "dialer");
        ScriptedPeer listener = await StartAsync(listenerKind, "listener");

        await Task.WhenAll(DialAsync(dialer, listener), DialAsync(listener, dialer));

        await dialer.CallAsync("ping", new { peer = listener.Id, count = 3 });
        await listener.CallAsync("ping", new { peer = dialer.Id, count = 3 });
    }

    private static string[] EarlyMuxer(bool on) => on ? [] : ["--no-early-muxer"];

    private static string WithoutId(ScriptedPeer peer) => peer.Address[..peer.Address.IndexOf("/p2p/", StringComparison.Ordinal)];

    private static async Task AssertSecuredAsync(ScriptedPeer peer, ScriptedPeer remote, bool early, bool remoteOffers)
    {
        JsonElement secured = await peer.WaitAsync("secured", e => e.Text("remotePeer") == remote.Id);
        Assert.Multiple(() =>
        {
            Assert.That(secured.Flag("earlyMuxer"), Is.EqualTo(early), peer.Name);
            Assert.That(secured.Texts("remoteMuxers"), Is.EqualTo(remoteOffers ? new[] { "/yamux/1.0.0" } : []), peer.Name);
        });
    }
}

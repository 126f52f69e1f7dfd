using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

[TestFixture(PeerKind.Js, PeerKind.Ours)]
[TestFixture(PeerKind.Ours, PeerKind.Js)]
internal sealed class PrivateNetworkTests(PeerKind dialerKind, PeerKind listenerKind) : PeerTests
{
    private const string Key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    private const string OtherKey = "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    private static readonly TimeSpan Short = TimeSpan.FromSeconds(3);

    [Test]
    public async Task RightKey_Connects()
    {
        ScriptedPeer listener = await StartAsync(listenerKind, "listener", "--psk", Key);
        ScriptedPeer dialer = await StartAsync(dialerKind, "dialer", "--psk", Key);

        await DialAsync(dialer, listener);
        await dialer.CallAsync("ping", new { peer = listener.Id, count = 5 });
        JsonElement echo = await listener.CallAsync(
            "openStream", new { peer = dialer.Id, protocol = "/p2p-miner/interop/echo/1.0.0", sendRandom = 1_000_000 });

        Assert.That(echo.Text("sha256"), Is.EqualTo(echo.Text("sentSha256")));
    }

    [TestCase(Key, OtherKey)]
    [TestCase(Key, null)]
    [TestCase(null, Key)]
    public async Task WrongOrMissingKey_ConnectsNobody_AndTheListenerGoesOn(string? ofListener, string? ofDialer)
    {
        ScriptedPeer listener = await StartAsync(listenerKind, "listener", KeyOption(ofListener));
        ScriptedPeer stranger = await StartAsync(dialerKind, "stranger", KeyOption(ofDialer));
        ScriptedPeer friend = await StartAsync(dialerKind, "friend", KeyOption(ofListener));

        JsonElement result = await stranger.TryCallAsync("dial", new { addr = listener.Address }, Short);
        Assert.That(result.Flag("ok"), Is.False);

        await DialAsync(friend, listener);
        await friend.CallAsync("ping", new { peer = listener.Id });
        Assert.That(listener.Events("peer:connect").Select(e => e.Text("remotePeer")), Is.EqualTo(new[] { friend.Id }));
    }

    private static string[] KeyOption(string? key) => key is null ? [] : ["--psk", key];
}

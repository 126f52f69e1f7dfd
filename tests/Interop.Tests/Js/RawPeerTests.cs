using System.Net;
using P2PMiner.Interop.Tests.Driver;
using P2PMiner.Interop.Tests.Raw;

namespace P2PMiner.Interop.Tests.Js;

/// <summary>The raw peer of the hostile tests, where it behaves, is understood by js-libp2p too: what a host then refuses is the attack.</summary>
internal sealed class RawPeerTests : PeerTests
{
    [Test]
    public async Task RawPeer_ThatBehaves_IsServedByJs()
    {
        ScriptedPeer js = await StartAsync(PeerKind.Js, "js", "--kad-mode", "off");
        var target = new IPEndPoint(IPAddress.Loopback, int.Parse(js.Address.Split('/')[4]));

        await using RawYamux session = await RawYamux.ConnectAsync(target);
        await session.PingAsync();
        RawStream stream = await session.OpenAsync("/p2p-miner/interop/echo/1.0.0");
        await stream.SendAsync([1, 2, 3]);

        Assert.That(await stream.ReadExactlyAsync(3), Is.EqualTo(new byte[] { 1, 2, 3 }));
        await stream.CloseAsync();
        await stream.UntilEndedAsync();
    }
}

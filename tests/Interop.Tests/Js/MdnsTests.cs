using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

/// <summary>Discovery over multicast that stays on the loopback interface.</summary>
internal sealed class MdnsTests : PeerTests
{
    [Test]
    public async Task Mdns_JsAndOurs_FindEachOther()
    {
        string port = FreeUdpPort();
        ScriptedPeer js = await StartAsync(PeerKind.Js, "js", Options(port));
        ScriptedPeer ours = await StartAsync(PeerKind.Ours, "ours", Options(port));

        JsonElement seenByJs = await js.WaitAsync("mdns:peer", e => e.Text("remotePeer") == ours.Id);
        JsonElement seenByOurs = await ours.WaitAsync("mdns:peer", e => e.Text("remotePeer") == js.Id);

        Assert.That(seenByJs.Texts("addrs").Select(addr => $"{addr}/p2p/{ours.Id}"), Does.Contain(ours.Address));
        Assert.That(seenByOurs.Texts("addrs").Select(addr => $"{addr}/p2p/{js.Id}"), Does.Contain(js.Address));
    }

    [TestCase(PeerKind.Js, PeerKind.Ours)]
    [TestCase(PeerKind.Ours, PeerKind.Js)]
    public async Task Mdns_DialsWhatItFinds(PeerKind dials, PeerKind listens)
    {
        string port = FreeUdpPort();
        ScriptedPeer listener = await StartAsync(listens, "listener", Options(port));
        ScriptedPeer dialer = await StartAsync(dials, "dialer", Options(port, "--mdns-dial"));

        await dialer.WaitAsync("peer:connect", e => e.Text("remotePeer") == listener.Id);
        await listener.WaitAsync("peer:connect", e => e.Text("remotePeer") == dialer.Id);
    }

    [Test]
    public async Task Mdns_OfAnotherService_IsNotHeard()
    {
        string port = FreeUdpPort();
        ScriptedPeer js = await StartAsync(PeerKind.Js, "js", Options(port));
        ScriptedPeer ours = await StartAsync(PeerKind.Ours, "ours", Options(port));
        ScriptedPeer jsElsewhere = await StartAsync(PeerKind.Js, "elsewhere", Options(port, "--mdns-service", "_other._udp.local"));
        ScriptedPeer oursElsewhere = await StartAsync(PeerKind.Ours, "ours elsewhere", Options(port, "--mdns-service", "_other._udp.local"));

        await jsElsewhere.WaitAsync("mdns:peer", e => e.Text("remotePeer") == oursElsewhere.Id);
        await oursElsewhere.WaitAsync("mdns:peer", e => e.Text("remotePeer") == jsElsewhere.Id);
        await js.WaitAsync("mdns:peer", e => e.Text("remotePeer") == ours.Id);
        await ours.WaitAsync("mdns:peer", e => e.Text("remotePeer") == js.Id);

        string[] elsewhere = [jsElsewhere.Id, oursElsewhere.Id];
        foreach (ScriptedPeer peer in new[] { js, ours })
            Assert.That(peer.Events("mdns:peer").Select(e => e.Text("remotePeer")).Intersect(elsewhere), Is.Empty, peer.Name);
    }

    private static string[] Options(string port, params string[] more) =>
        ["--mdns", "--mdns-interval", "1000", "--mdns-port", port, "--kad-mode", "off", .. more];

    /// <summary>Several sockets share it, so none can be left to the system; nobody else has it now.</summary>
    private static string FreeUdpPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return $"{((IPEndPoint)socket.LocalEndPoint!).Port}";
    }
}

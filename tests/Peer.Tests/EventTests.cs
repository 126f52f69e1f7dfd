using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;
using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

/// <summary>Events of connections, and what a p2p-peer does to a remote that is a host of the test.</summary>
internal sealed class EventTests : PeerTest
{
    private const string PushId = "/ipfs/id/push/1.0.0";

    private Host _host = null!;

    [SetUp]
    public async Task StartHostAsync() => _host = await Host.StartAsync(
        new HostOptions { Key = Ed25519KeyPair.Generate(), Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], AgentVersion = "test/1" },
        NullLoggerFactory.Instance);

    [TearDown]
    public async Task StopHostAsync() => await _host.DisposeAsync();

    [Test]
    public async Task Connection_IsToldInOrder()
    {
        PeerProcess peer = await StartAsync();

        await peer.CallAsync("dial", new() { ["addr"] = _host.Addresses[0].ToString() });
        JsonElement identify = await peer.EventAsync("identify");
        await peer.CallAsync("hangup", new() { ["peer"] = _host.Id.ToString() });
        await peer.EventAsync("peer:disconnect");

        string[] order = ["secured", "peer:connect", "connection:open", "identify", "connection:close", "peer:disconnect"];
        Assert.That(peer.Log.All.Select(line => line.Ev()).Where(name => order.Contains(name)), Is.EqualTo(order));
        JsonElement secured = await peer.EventAsync("secured");
        Assert.That(secured.Text("remotePeer"), Is.EqualTo(_host.Id.ToString()));
        Assert.That(secured.GetProperty("earlyMuxer").GetBoolean(), Is.True);
        Assert.That(secured.Texts("remoteMuxers"), Is.EqualTo(["/yamux/1.0.0"]));
        Assert.That(identify.Text("agentVersion"), Is.EqualTo("test/1"));
        Assert.That(identify.Text("observedAddr"), Does.StartWith("/ip4/127.0.0.1/tcp/"));
        Assert.That(identify.Texts("listenAddrs"), Has.Length.EqualTo(1));
        Assert.That(identify.GetProperty("signedPeerRecord").Text("seq"), Does.Match("^[0-9]+$"));
        Assert.That(identify.GetProperty("signedPeerRecord").Texts("addresses"), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task EarlyMultiplexer_CanBeTurnedOff()
    {
        PeerProcess peer = await StartAsync("--no-early-muxer");

        await peer.CallAsync("dial", new() { ["addr"] = _host.Addresses[0].ToString() });

        Assert.That((await peer.EventAsync("secured")).GetProperty("earlyMuxer").GetBoolean(), Is.False);
    }

    [Test]
    public async Task Push_WithoutProtocolsAndAddressesLeavesThemAsTheyAre()
    {
        PeerProcess peer = await StartAsync();
        IPeerConnection connection = await _host.DialAsync(Multiaddr.Parse(peer.Address));
        JsonElement first = await peer.EventAsync("identify");

        await using PeerStream stream = await connection.OpenStreamAsync([PushId]);
        byte[] agent = Encoding.UTF8.GetBytes("pushed/2");
        await stream.WriteAsync((byte[])[(byte)(agent.Length + 2), 0x32, (byte)agent.Length, .. agent]);
        await stream.CloseWriteAsync();

        JsonElement push = await peer.EventAsync("identify", line => line.Text("agentVersion") == "pushed/2");
        Assert.That(push.Texts("protocols"), Is.EqualTo(first.Texts("protocols")).And.Not.Empty);
        Assert.That(push.Text("remotePeer"), Is.EqualTo(_host.Id.ToString()));
        Assert.That(push.Texts("listenAddrs"), Is.EqualTo(first.Texts("listenAddrs")).And.Not.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_ThatTheRemoteEndsIsClosedAndNotReset(bool halfClose)
    {
        TaskCompletionSource<int> end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _host.Handle("/test/ends/1", async (stream, cancellation) =>
        {
            try
            {
                await stream.CloseWriteAsync(cancellation);
                byte[] data = new byte[2];
                await stream.ReadExactlyAsync(data, cancellation);
                end.SetResult(await stream.ReadAsync(data, cancellation));
            }
            catch (IOException e)
            {
                end.SetException(e);
            }
        });
        PeerProcess peer = await StartAsync();

        JsonElement result = await peer.CallAsync("openStream", new()
        {
            ["addr"] = _host.Addresses[0].ToString(),
            ["protocol"] = "/test/ends/1",
            ["send"] = "0102",
            ["halfClose"] = halfClose,
        });

        Assert.That(result.Text("ended"), Is.EqualTo("eof"));
        Assert.That(await end.Task.WaitAsync(PeerProcess.Deadline), Is.Zero);
    }

    [Test]
    public async Task Stream_WhoseConnectionEndsIsClosed()
    {
        TaskCompletionSource came = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _host.Handle("/test/waits/1", async (stream, cancellation) =>
        {
            // Only what comes over the stream shows that it is open at the other end too.
            await stream.ReadExactlyAsync(new byte[1], cancellation);
            came.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        PeerProcess peer = await StartAsync();
        Task<JsonElement> opened = peer.CallAsync("openStream", new() { ["addr"] = _host.Addresses[0].ToString(), ["protocol"] = "/test/waits/1", ["send"] = "01" });
        await came.Task.WaitAsync(PeerProcess.Deadline);

        await _host.Network.DisconnectAsync(PeerId.Parse(peer.Id));

        Assert.That((await opened).Text("ended"), Is.EqualTo("closed").Or.StartsWith("reset: "));
    }

    [Test]
    public async Task Handler_ThatFailsIsToldAndCostsOnlyItsStream()
    {
        PeerProcess peer = await StartAsync();
        IPeerConnection connection = await _host.DialAsync(Multiaddr.Parse(peer.Address));

        await using (PeerStream stream = await connection.OpenStreamAsync(["/perf/1.0.0"]))
        {
            await stream.WriteAsync(new byte[3]);
            await stream.CloseWriteAsync();
            await Assert.CatchAsync<IOException>(async () => await stream.ReadExactlyAsync(new byte[1]));
        }

        JsonElement failure = await peer.EventAsync("streamError");
        Assert.That(failure.Text("protocol"), Is.EqualTo("/perf/1.0.0"));
        Assert.That(failure.Text("remotePeer"), Is.EqualTo(_host.Id.ToString()));
        Assert.That(await _host.PingAsync(PeerId.Parse(peer.Id)), Is.GreaterThanOrEqualTo(TimeSpan.Zero));
    }

    [Test]
    public async Task Dialler_ListensNowhere()
    {
        PeerProcess peer = await StartAsync("--no-listen", "--seed", new string('0', 64), "--dial", _host.Addresses[0].ToString());

        await peer.EventAsync("identify");

        Assert.That(peer.Listening.Texts("addrs"), Is.Empty);
        Assert.That(peer.Id, Is.EqualTo(Ed25519KeyPair.FromSeed(new byte[32]).ToPublicKey().ToPeerId().ToString()));
    }
}

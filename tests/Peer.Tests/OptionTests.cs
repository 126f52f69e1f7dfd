using System.Text.Json;
using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

/// <summary>Options whose effect shows between peers.</summary>
internal sealed class OptionTests : PeerTest
{
    private static readonly string Key = new('7', 64);

    [Test]
    public async Task PrivateNetwork_TakesTheSameKeyFromTheOptionAndFromAFile()
    {
        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"swarm-{Guid.NewGuid():N}.key");
        await File.WriteAllTextAsync(file, $"/key/swarm/psk/1.0.0/\n/base16/\n{Key}\n");
        try
        {
            PeerProcess a = await StartAsync("--psk", Key);
            PeerProcess b = await StartAsync("--psk-file", file);
            PeerProcess other = await StartAsync("--psk", new string('8', 64));
            PeerProcess open = await StartAsync();

            await b.CallAsync("dial", new() { ["addr"] = a.Address });

            Assert.That((await other.TryCallAsync("dial", new() { ["addr"] = a.Address })).IsOk(), Is.False);
            Assert.That((await open.TryCallAsync("dial", new() { ["addr"] = a.Address })).IsOk(), Is.False);
            Assert.That((await a.CallAsync("peers")).Texts("peers"), Is.EqualTo([b.Id]));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public async Task Mdns_FindsAndDialsOnLoopback()
    {
        string[] options = ["--mdns", "--mdns-dial", "--mdns-service", $"_{Guid.NewGuid():N}._udp.local", "--mdns-interval", "500", "--mdns-port", "45353"];
        PeerProcess a = await StartAsync(options);
        PeerProcess b = await StartAsync(options);

        JsonElement found = await a.EventAsync("mdns:peer");
        await b.EventAsync("mdns:peer");
        await a.EventAsync("identify");

        Assert.That(found.Text("remotePeer"), Is.EqualTo(b.Id));
        Assert.That(found.Texts("addrs").Select(address => $"{address}/p2p/{b.Id}"), Is.EqualTo(b.Listening.Texts("addrs")));
        Assert.That(a.Log.All.Count(line => line.Ev() == "mdns:peer" && line.Text("remotePeer") == a.Id), Is.Zero);
    }

    [Test]
    public async Task Versions_AreOfferedAsAsked()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync("--topic", "t", "--meshsub", "1.1.0,1.0.0");

        JsonElement mesh = await a.UntilAsync(
            "mesh", () => [], result => result.GetProperty("peers").EnumerateArray().Any(peer => peer.Text("outbound") is not null));

        Assert.That(a.Listening.Texts("protocols"), Does.Contain("/meshsub/1.1.0").And.Not.Contain("/meshsub/1.2.0"));
        Assert.That(mesh.GetProperty("peers")[0].Text("outbound"), Is.EqualTo("/meshsub/1.1.0"));
        Assert.That(mesh.GetProperty("peers")[0].Text("peer"), Is.EqualTo(b.Id));
    }

    [Test]
    public async Task ConnectionLimit_TurnsTheNextOneAwayAndKeepsTheOthers()
    {
        PeerProcess full = await StartAsync("--max-conns", "2");
        PeerProcess[] others = [await StartAsync(), await StartAsync(), await StartAsync()];
        foreach (PeerProcess other in others[..2])
            await other.CallAsync("dial", new() { ["addr"] = full.Address });

        // Whether its dial fails or succeeds for a moment is open.
        await others[2].TryCallAsync("dial", new() { ["addr"] = full.Address });
        await others[2].UntilAsync("peers", () => [], result => result.Texts("peers").Length == 0);

        Assert.That((await full.CallAsync("peers")).Texts("peers"), Is.EquivalentTo([others[0].Id, others[1].Id]));
    }

    [Test]
    public async Task DhtClient_DoesNotListTheProtocol()
    {
        PeerProcess peer = await StartAsync("--kad-mode", "client", "--kad", "/own/kad/1.0.0");

        Assert.That(peer.Listening.Text("kad"), Is.EqualTo("/own/kad/1.0.0"));
        Assert.That(peer.Listening.Texts("protocols"), Does.Not.Contain("/own/kad/1.0.0"));
        await peer.CallAsync("setMode", new() { ["mode"] = "server" });
        Assert.That((await peer.CallAsync("protocols")).Texts("protocols"), Does.Contain("/own/kad/1.0.0"));
    }

    [Test]
    public async Task DhtRecords_AreChosenByTheirRule()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync("--kad-ns", "x,y", "--dht-trace");
        await a.UntilAsync("routingTable", () => [], result => result.Texts("peers").Contains(b.Id));
        await b.UntilAsync("routingTable", () => [], result => result.Texts("peers").Contains(a.Id));

        await a.CallAsync("putValue", new() { ["key"] = "/x/k", ["value"] = "01ff" });
        await b.CallAsync("putValue", new() { ["key"] = "/x/k", ["value"] = "01ff00" });
        JsonElement best = await a.CallAsync("getValue", new() { ["key"] = "/x/k" });
        JsonElement unknown = await a.TryCallAsync("putValue", new() { ["key"] = "/v/k", ["value"] = "01" });

        Assert.That(best.Text("value"), Is.EqualTo("01ff00"));
        Assert.That(unknown.IsOk(), Is.False);
        JsonElement step = await a.EventAsync("dht", line => line.Text("step") == "PEER_RESPONSE" && line.Text("message") == "GET_VALUE");
        Assert.That(step.GetProperty("q").GetInt32(), Is.EqualTo(best.GetProperty("id").GetInt32()));
        Assert.That(step.Text("remotePeer"), Is.EqualTo(b.Id));
    }
}

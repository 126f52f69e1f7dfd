using System.Text.Json;
using System.Text.Json.Nodes;
using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

/// <summary>Every command between two peers, and the fields that a driver relies on.</summary>
internal sealed class CommandTests : PeerTest
{
    private const string Prefix = "/p2p-miner/interop/";

    [Test]
    public async Task Connections_AreMadeShownAndClosed()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync("--agent", "agent ü/1");

        JsonElement conn = (await a.CallAsync("dial", new() { ["addr"] = b.Address })).GetProperty("conn");
        Assert.That(conn.Text("remotePeer"), Is.EqualTo(b.Id));
        Assert.That(conn.Text("direction"), Is.EqualTo("outbound"));
        Assert.That(conn.Text("encryption"), Is.EqualTo("/noise"));
        Assert.That(conn.Text("multiplexer"), Is.EqualTo("/yamux/1.0.0"));
        Assert.That((await b.CallAsync("connections")).GetProperty("connections")[0].Text("direction"), Is.EqualTo("inbound"));
        Assert.That((await a.CallAsync("peers")).Texts("peers"), Is.EqualTo([b.Id]));
        Assert.That((await a.CallAsync("addrs")).Texts("addrs"), Is.EqualTo(a.Listening.Texts("addrs")));
        Assert.That((await a.CallAsync("protocols")).Texts("protocols"), Is.EqualTo(a.Listening.Texts("protocols")));

        JsonElement known = await a.CallAsync("peerStore", new() { ["peer"] = b.Id });
        Assert.That(known.GetProperty("addresses")[0].GetProperty("certified").GetBoolean(), Is.True);
        Assert.That(known.GetProperty("metadata").Text("AgentVersion"), Is.EqualTo("agent ü/1"));

        await a.CallAsync("hangup", new() { ["peer"] = b.Id });
        await a.EventAsync("peer:disconnect");
        await b.EventAsync("peer:disconnect");
        Assert.That((await b.CallAsync("connections")).GetProperty("connections").GetArrayLength(), Is.Zero);
    }

    [Test]
    public async Task Pings_AndQuestionsAreAnswered()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();

        Assert.That((await a.CallAsync("ping", new() { ["peer"] = b.Id, ["count"] = 3 })).GetProperty("rttMs").GetArrayLength(), Is.EqualTo(3));
        Assert.That((await a.CallAsync("ping", new() { ["addr"] = b.Address })).GetProperty("rttMs").GetArrayLength(), Is.EqualTo(1));
        Assert.That(a.Log.All.Count(line => line.Ev() == "ping" && line.Text("remotePeer") == b.Id), Is.EqualTo(4));
        Assert.That((await a.CallAsync("muxerPing", new() { ["peer"] = b.Id })).GetProperty("rttMs").GetDouble(), Is.Not.Negative);
        JsonElement said = await a.CallAsync("identify", new() { ["peer"] = b.Id });
        Assert.That(said.Texts("protocols"), Is.EqualTo(b.Listening.Texts("protocols")));
        await a.CallAsync("identifyPush");
        JsonElement info = await a.CallAsync("info");
        Assert.That(info.Text("peerId"), Is.EqualTo(a.Id));
        Assert.That(info.GetProperty("rss").GetInt64(), Is.GreaterThan(1_000_000));
        Assert.That(info.GetProperty("cpuMs").GetDouble(), Is.Positive);
    }

    [TestCase("echo", 100_000, "eof")]
    [TestCase("eof-echo", 3_500_000, "eof")]
    public async Task Echoes_GiveEverythingBack(string handler, int size, string ended)
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();

        JsonElement result = await a.CallAsync("openStream", new()
        {
            ["peer"] = b.Id,
            ["protocol"] = new JsonArray("/nobody/1", $"{Prefix}{handler}/1.0.0"),
            ["sendRandom"] = size,
        });

        Assert.That(result.Text("protocol"), Is.EqualTo($"{Prefix}{handler}/1.0.0"));
        Assert.That(result.GetProperty("sent").GetInt32(), Is.EqualTo(size));
        Assert.That(result.GetProperty("received").GetInt32(), Is.EqualTo(size));
        Assert.That(result.Text("sha256"), Is.EqualTo(result.Text("sentSha256")));
        Assert.That(result.Text("data"), Has.Length.EqualTo(2 * 65536));
        Assert.That(result.Text("ended"), Is.EqualTo(ended));
    }

    [TestCase("sink")]
    [TestCase("slow")]
    public async Task Sinks_TellWhatTheyRead(string handler)
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();

        JsonElement result = await a.CallAsync("openStream", new() { ["peer"] = b.Id, ["protocol"] = $"{Prefix}{handler}/1.0.0", ["send"] = "00FF" });

        using var answer = JsonDocument.Parse(Convert.FromHexString(result.Text("data")!));
        Assert.That(answer.RootElement.GetProperty("size").GetInt32(), Is.EqualTo(2));
        Assert.That(answer.RootElement.Text("sha256"), Is.EqualTo(result.Text("sentSha256")));
        JsonElement stream = await b.EventAsync("stream");
        Assert.That(stream.Text("protocol"), Is.EqualTo($"{Prefix}{handler}/1.0.0"));
        Assert.That(stream.Text("mode"), Is.EqualTo(handler));
        Assert.That((await b.EventAsync("sink")).Text("sha256"), Is.EqualTo(result.Text("sentSha256")));
    }

    [Test]
    public async Task Streams_EndAsAsked()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();
        Task<JsonElement> Open(string handler, JsonObject more)
        {
            more["peer"] = b.Id;
            more["protocol"] = $"{Prefix}{handler}/1.0.0";
            return a.CallAsync("openStream", more);
        }

        JsonElement limited = await Open("echo", new() { ["sendRandom"] = 100_000, ["maxBytes"] = 1234 });
        Assert.That((limited.Text("ended"), limited.GetProperty("received").GetInt32()), Is.EqualTo(("maxBytes", 1234)));
        Assert.That((await Open("silent", new() { ["readMs"] = 100 })).Text("ended"), Is.EqualTo("timeout"));
        Assert.That((await Open("silent", new() { ["timeout"] = 2000 })).Text("ended"), Is.EqualTo("timeout"));
        Assert.That((await Open("silent", new() { ["sendRandom"] = 100, ["reset"] = true })).Text("ended"), Does.StartWith("reset: "));

        await a.CallAsync("handle", new() { ["protocol"] = "/own/1", ["mode"] = "reset" });
        await a.CallAsync("handle", new() { ["protocol"] = "/own/1" });
        JsonElement own = await b.CallAsync("openStream", new() { ["addr"] = a.Address, ["protocol"] = "/own/1", ["send"] = "abcd" });
        Assert.That(own.Text("data"), Is.EqualTo("abcd"));
        Assert.That((await a.EventAsync("stream")).Text("mode"), Is.EqualTo("echo"));
        await b.EventAsync("identify", line => line.Texts("protocols").Contains("/own/1"));
        await a.CallAsync("unhandle", new() { ["protocol"] = "/own/1" });
        JsonElement refused = await b.TryCallAsync("openStream", new() { ["peer"] = a.Id, ["protocol"] = "/own/1" });
        Assert.That(refused.Text("error"), Does.StartWith("UnsupportedProtocolError: "));
    }

    [Test]
    public async Task Perf_MeasuresBothWays()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();

        JsonElement result = await a.CallAsync("perf", new() { ["peer"] = b.Id, ["upload"] = 5_000_000, ["download"] = 7_000_000 });

        Assert.That(result.GetProperty("uploaded").GetInt32(), Is.EqualTo(5_000_000));
        Assert.That(result.GetProperty("downloaded").GetInt32(), Is.EqualTo(7_000_000));
        Assert.That(result.GetProperty("uploadMs").GetDouble(), Is.LessThanOrEqualTo(result.GetProperty("totalMs").GetDouble()));
    }

    [Test]
    public async Task Dht_StoresAndFinds()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync("--dht-trace");
        await a.UntilAsync("routingTable", () => [], result => result.Texts("peers").Contains(b.Id));
        await b.UntilAsync("routingTable", () => [], result => result.Texts("peers").Contains(a.Id));

        JsonElement provided = await a.CallAsync("provide", new() { ["key"] = "k" });
        Assert.That(provided.Text("multihash"), Is.EqualTo("12208254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"));
        Assert.That(provided.Text("cid"), Is.EqualTo("bafkreiecktbstkjikd3nkoo5g5xuqfxoe5sfc7nf4arvkffpimywisanpi"));
        Assert.That(provided.Texts("sentTo"), Is.EqualTo([b.Id]));
        foreach (JsonObject key in (JsonObject[])[new() { ["key"] = "k" }, new() { ["cid"] = provided.Text("cid") }, new() { ["multihash"] = provided.Text("multihash") }])
        {
            JsonElement[] providers = [.. (await b.CallAsync("findProviders", key)).GetProperty("providers").EnumerateArray()];
            Assert.That(providers.Select(provider => provider.Text("peer")), Is.EqualTo([a.Id]));
            Assert.That(providers[0].Texts("addrs"), Is.Not.Empty);
        }
        Assert.That((await b.CallAsync("findProviders", new() { ["key"] = "none" })).GetProperty("providers").GetArrayLength(), Is.Zero);

        JsonElement stored = await a.CallAsync("putValue", new() { ["key"] = "/v/x", ["value"] = "AAbb" });
        Assert.That(stored.Texts("storedAt"), Is.EqualTo([b.Id]));
        Assert.That(stored.Texts("errors"), Is.Empty);
        Assert.That((await b.CallAsync("getValue", new() { ["keyHex"] = "2F762f78" })).Text("value"), Is.EqualTo("aabb"));

        JsonElement found = await b.CallAsync("findPeer", new() { ["peer"] = a.Id });
        Assert.That(found.Texts("addrs"), Is.Not.Empty);
        JsonElement closest = await a.CallAsync("closestPeers", new() { ["key"] = "z" });
        Assert.That(closest.Texts("peers"), Is.EqualTo([b.Id]));
        Assert.That(closest.GetProperty("responses").GetInt32(), Is.Positive);
        Assert.That(a.Log.All.Where(line => line.Ev() == "dht").Select(line => line.Text("step")), Does.Contain("PEER_RESPONSE"));

        Assert.That((await a.CallAsync("setMode", new() { ["mode"] = "client" })).Text("mode"), Is.EqualTo("client"));
        Assert.That((await a.CallAsync("protocols")).Texts("protocols"), Does.Not.Contain("/p2p-miner/kad/1.0.0"));
        await b.UntilAsync("routingTable", () => [], result => result.GetProperty("size").GetInt32() == 0);
    }

    [TestCase("putValue")]
    [TestCase("getValue")]
    public async Task Dht_KeyOfAValueIsNotTheOneOfAStrayPeer(string command)
    {
        PeerProcess peer = await StartAsync();

        JsonElement result = await peer.TryCallAsync(
            command, new() { ["key"] = "/v/x", ["value"] = "01", ["peer"] = peer.Id, ["timeout"] = 200 });

        Assert.That(result.Text("key"), Is.EqualTo("2f762f78"));
    }

    [Test]
    public async Task Dht_PeerHasAKeyThatIsLookedFor()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();
        await a.UntilAsync("routingTable", () => [], result => result.Texts("peers").Contains(b.Id));

        Assert.That((await a.CallAsync("closestPeers", new() { ["peer"] = a.Id })).Texts("peers"), Is.EqualTo([b.Id]));
    }

    [Test]
    public async Task Dht_QueryCutOffByItsTimeSaysSo()
    {
        PeerProcess peer = await StartAsync();

        JsonElement result = await peer.CallAsync("findProviders", new() { ["key"] = "k", ["timeout"] = 200 });

        Assert.That(result.Text("ended"), Is.EqualTo("timeout"));
        Assert.That(result.GetProperty("providers").GetArrayLength(), Is.Zero);
    }
}

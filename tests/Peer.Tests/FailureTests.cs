using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

internal sealed class FailureTests : PeerTest
{
    private const long Endless = 1_000_000_000_000;

    private static int _lastId;

    [TestCase("""{"cmd":"dial"}""")]
    [TestCase("""{"cmd":"dial","addr":5}""")]
    [TestCase("""{"cmd":"dial","addr":"nowhere"}""")]
    [TestCase("""{"cmd":"dial","addr":"\ud800"}""")]
    [TestCase("""{"cmd":"peers","timeout":"soon"}""")]
    [TestCase("""{"cmd":"peers","timeout":-1}""")]
    [TestCase("""{"cmd":"hangup","peer":"12D3KooW"}""")]
    [TestCase("""{"cmd":"ping"}""")]
    [TestCase("""{"cmd":"ping","peer":"12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"}""")]
    [TestCase("""{"cmd":"muxerPing","peer":"12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"}""")]
    [TestCase("""{"cmd":"identify","peer":"12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"}""")]
    [TestCase("""{"cmd":"peerStore","peer":"12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5"}""")]
    [TestCase("""{"cmd":"subscribe"}""")]
    [TestCase("""{"cmd":"subscribe","topic":""}""")]
    [TestCase("""{"cmd":"subscribe","topic":["t"]}""")]
    [TestCase("""{"cmd":"publish","topic":"t"}""")]
    [TestCase("""{"cmd":"publish","topic":"t","data":"0"}""")]
    [TestCase("""{"cmd":"publish","topic":"t","data":"xx"}""")]
    [TestCase("""{"cmd":"publishMany","topic":"t"}""")]
    [TestCase("""{"cmd":"validator","topic":"t","mode":"perhaps"}""")]
    [TestCase("""{"cmd":"provide"}""")]
    [TestCase("""{"cmd":"provide","cid":"b"}""")]
    [TestCase("""{"cmd":"findProviders","multihash":"1220"}""")]
    [TestCase("""{"cmd":"putValue","key":"/v/x"}""")]
    [TestCase("""{"cmd":"putValue","key":"/v/x","value":"ff00"}""")]
    [TestCase("""{"cmd":"putValue","key":"/v/x","value":""}""")]
    [TestCase("""{"cmd":"putValue","key":"/other/x","value":"00"}""")]
    [TestCase("""{"cmd":"putValue","key":"/v","value":"00"}""")]
    [TestCase("""{"cmd":"getValue"}""")]
    [TestCase("""{"cmd":"setMode","mode":"off"}""")]
    [TestCase("""{"cmd":"openStream","protocol":"/x/1"}""")]
    [TestCase("""{"cmd":"openStream","peer":"12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5","protocol":[1]}""")]
    [TestCase("""{"cmd":"openStream","peer":"12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5","protocol":"/x/1","halfClose":1}""")]
    [TestCase("""{"cmd":"handle"}""")]
    [TestCase("""{"cmd":"handle","protocol":"/x/1","mode":"shout"}""")]
    [TestCase("""{"cmd":"handle","protocol":""}""")]
    [TestCase("""{"cmd":"unhandle"}""")]
    [TestCase("""{"cmd":"perf"}""")]
    public async Task BadArgument_FailsWithIdAndCommandAndEndsNothing(string command)
    {
        PeerProcess peer = await StartForAllAsync();
        int id = Interlocked.Increment(ref _lastId);

        await peer.SendAsync($"{{\"id\":{id},{command[1..]}\n");

        JsonElement result = await peer.ResultAsync(id);
        using var sent = JsonDocument.Parse(command);
        Assert.That(result.IsOk(), Is.False, result.ToString());
        Assert.That(result.Text("error"), Does.Match("^[A-Za-z]+: [^\n]+$"));
        Assert.That(result.Text("cmd"), Is.EqualTo(sent.RootElement.Text("cmd")));
        await peer.CallAsync("peers");
    }

    [TestCase("provide")]
    [TestCase("findProviders")]
    [TestCase("getValue")]
    [TestCase("closestPeers")]
    [TestCase("routingTable")]
    [TestCase("setMode")]
    public async Task ServiceThatIsOff_FailsItsCommands(string command)
    {
        PeerProcess peer = await StartAsync("--kad-mode", "off");

        JsonElement result = await peer.TryCallAsync(command, new() { ["key"] = "/v/x", ["mode"] = "server" });

        Assert.That(result.IsOk(), Is.False);
        Assert.That(result.Text("error"), Does.Contain("off"));
    }

    [TestCase("/ip4/10.1.2.3/tcp/1")]
    [TestCase("/ip4/128.0.0.1/tcp/1")]
    [TestCase("/ip6/2001:db8::1/tcp/1")]
    [TestCase("/dns4/node.invalid/tcp/1")]
    [TestCase("/dnsaddr/node.invalid")]
    [TestCase("/ip4/127.0.0.1/udp/1/quic-v1")]
    public async Task Dial_IsRefusedBeyondLoopback(string address)
    {
        PeerProcess peer = await StartAsync("--dial", address);

        JsonElement result = await peer.TryCallAsync("dial", new() { ["addr"] = address });

        Assert.That(result.IsOk(), Is.False);
        JsonElement failure = await peer.EventAsync("dialError");
        Assert.That(failure.Text("addr"), Is.EqualTo(address));
        Assert.That(failure.Text("error"), Is.Not.Empty);
    }

    [Test]
    public async Task Dial_OfAnotherIdentityFails()
    {
        PeerProcess a = await StartAsync();
        PeerProcess b = await StartAsync();

        JsonElement result = await a.TryCallAsync("dial", new() { ["addr"] = b.Address.Replace(b.Id, a.Id[..^1] + (a.Id[^1] == 'a' ? 'b' : 'a'), StringComparison.Ordinal) });

        Assert.That(result.IsOk(), Is.False);
    }

    [Test]
    public async Task Timeout_IsAnswered()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        PeerProcess peer = await StartAsync();

        JsonElement result = await peer.TryCallAsync(
            "dial", new() { ["addr"] = $"/ip4/127.0.0.1/tcp/{((IPEndPoint)silent.LocalEndpoint).Port}", ["timeout"] = 300 });

        Assert.That(result.IsOk(), Is.False);
        Assert.That(result.Text("error"), Does.StartWith("TimeoutError: "));
    }

    [Test]
    public async Task RefusedProtocol_IsNamed()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();

        JsonElement one = await a.TryCallAsync("openStream", new() { ["peer"] = b.Id, ["protocol"] = "/nobody/1", ["send"] = "00" });
        JsonElement two = await a.TryCallAsync("openStream", new() { ["peer"] = b.Id, ["protocol"] = new System.Text.Json.Nodes.JsonArray("/nobody/1", "/nobody/2") });

        Assert.That(one.Text("error"), Does.StartWith("UnsupportedProtocolError: "));
        Assert.That(two.Text("error"), Does.StartWith("UnsupportedProtocolError: "));
    }

    [Test]
    public async Task Ping_ThatFailsTellsTheRoundTripsBefore()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();

        JsonElement result = await a.TryCallAsync("ping", new() { ["peer"] = b.Id, ["count"] = Endless, ["timeout"] = 2000 });

        Assert.That(result.IsOk(), Is.False);
        Assert.That(result.GetProperty("rttMs").GetArrayLength(), Is.EqualTo(a.Log.All.Count(line => line.Ev() == "ping")));
        JsonElement[] lines = a.Log.All;
        Assert.That(
            Array.FindLastIndex(lines, line => line.Ev() == "ping"), Is.LessThan(Array.FindIndex(lines, line => line.Ev() == "result" && line.Text("cmd") == "ping")));
    }

    [Test]
    public async Task Perf_ThatFailsTellsTheBytesBefore()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();

        JsonElement result = await a.TryCallAsync("perf", new() { ["peer"] = b.Id, ["upload"] = 1000, ["download"] = Endless, ["timeout"] = 2000 });

        Assert.That(result.IsOk(), Is.False);
        Assert.That(result.GetProperty("uploaded").GetInt64(), Is.EqualTo(1000));
        Assert.That(result.GetProperty("downloaded").GetInt64(), Is.GreaterThan(0));
        Assert.That(result.TryGetProperty("uploadMs", out _), Is.True);
        Assert.That(result.TryGetProperty("totalMs", out _), Is.False);
    }

    [Test]
    public async Task PublishMany_ThatFailsTellsHowManyBefore()
    {
        PeerProcess peer = await StartAsync();

        JsonElement result = await peer.TryCallAsync("publishMany", new() { ["topic"] = "t", ["count"] = Endless, ["timeout"] = 2000 });

        Assert.That(result.IsOk(), Is.False);
        Assert.That(result.GetProperty("count").GetInt64(), Is.GreaterThan(0));
    }

    [Test]
    public async Task GetValue_ThatFindsNothingTellsWhatItDid()
    {
        (PeerProcess a, _) = await StartPairAsync();

        JsonElement result = await a.TryCallAsync("getValue", new() { ["key"] = "/v/none" });

        Assert.That(result.IsOk(), Is.False);
        Assert.That(result.Text("key"), Is.EqualTo("2f762f6e6f6e65"));
        Assert.That(result.TryGetProperty("asked", out _) && result.TryGetProperty("errors", out _), Is.True);
    }
}

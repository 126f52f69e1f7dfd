using System.Text;
using System.Text.Json;
using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

internal sealed class LineTests : PeerTest
{
    private static readonly byte[][] BadLines =
    [
        "garbage"u8.ToArray(),
        "{"u8.ToArray(),
        "[1]"u8.ToArray(),
        "1"u8.ToArray(),
        "null"u8.ToArray(),
        "\"text\""u8.ToArray(),
        "{\"id\":1,\"cmd\":\"peers\"} 2"u8.ToArray(),
        "{'id':1}"u8.ToArray(),
        [.. "{\"id\":1,\"cmd\":\"pee"u8, 0xff, .. "rs\"}"u8],
        "{\"id\":1,\"cmd\":\"\\ud800\"}"u8.ToArray(),
        "{\"id\":\"\\udfff\",\"cmd\":\"peers\"}"u8.ToArray(),
        "{\"id\":[1],\"cmd\":\"peers\"}"u8.ToArray(),
        "\0"u8.ToArray(),
    ];

    [Test]
    public async Task Listening_IsTheFirstLineAndSaysWhoAndWhere()
    {
        PeerProcess peer = await StartAsync("--name", "n ü 😀", "--topic", "t");

        JsonElement first = peer.Log.All[0];
        Assert.That(first.Ev(), Is.EqualTo("listening"));
        Assert.That(first.Text("peerId"), Does.StartWith("12D3KooW"));
        Assert.That(first.Text("peerIdHex"), Does.Match("^002408011220[0-9a-f]{64}$"));
        Assert.That(first.Texts("addrs"), Has.All.Matches($@"^/ip4/127\.0\.0\.1/tcp/[1-9][0-9]*/p2p/{first.Text("peerId")}$"));
        Assert.That(first.Texts("protocols"), Is.SupersetOf((string[])
        [
            "/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0", "/meshsub/1.2.0", "/meshsub/1.1.0", "/meshsub/1.0.0",
            "/p2p-miner/kad/1.0.0", "/p2p-miner/interop/echo/1.0.0", "/p2p-miner/interop/eof-echo/1.0.0", "/p2p-miner/interop/sink/1.0.0",
            "/p2p-miner/interop/reset/1.0.0", "/p2p-miner/interop/silent/1.0.0", "/p2p-miner/interop/slow/1.0.0", "/perf/1.0.0",
        ]));
    }

    [TestCase("1")]
    [TestCase("-1.50")]
    [TestCase("18446744073709551615")]
    [TestCase("\"one\"")]
    [TestCase("\"\\u00fc \\ud83d\\ude00 \\n\"")]
    [TestCase("true")]
    [TestCase("null")]
    public async Task Id_IsEchoedAsItCame(string id)
    {
        PeerProcess peer = await StartAsync();

        await peer.SendAsync($$"""{"id":{{id}},"cmd":"peers","unknown":[{}]}""" + "\n");

        JsonElement result = await peer.EventAsync("result");
        using var expected = JsonDocument.Parse(id);
        Assert.That(result.IsOk(), Is.True);
        Assert.That(JsonElement.DeepEquals(result.GetProperty("id"), expected.RootElement), Is.True, result.ToString());
    }

    [Test]
    public async Task Id_MayBeMissing()
    {
        PeerProcess peer = await StartAsync();

        await peer.SendAsync("{\"cmd\":\"peers\"}\n");

        Assert.That((await peer.EventAsync("result")).TryGetProperty("id", out _), Is.False);
    }

    [TestCaseSource(nameof(BadLines))]
    public async Task BadLine_IsAnsweredWithoutIdAndCommandAndEndsNothing(byte[] line)
    {
        PeerProcess peer = await StartForAllAsync();
        int before = peer.Log.All.Length;

        await peer.SendAsync((byte[])[.. line, (byte)'\n']);
        await peer.CallAsync("peers");

        JsonElement result = peer.Log.All[before];
        Assert.That(result.IsOk(), Is.False);
        Assert.That(result.Text("error"), Does.StartWith("bad JSON: ").And.Not.Contain("\n"));
        Assert.That(result.TryGetProperty("id", out _) || result.TryGetProperty("cmd", out _), Is.False);
    }

    [Test]
    public async Task LongLine_IsTaken()
    {
        PeerProcess peer = await StartAsync();

        await peer.SendAsync($$"""{"id":1,"cmd":"peers","pad":"{{new string('x', 8_000_000)}}"}""" + "\n");

        Assert.That((await peer.ResultAsync(1)).IsOk(), Is.True);
    }

    [Test]
    public async Task TooLongLine_IsBadAndTheNextOneCounts()
    {
        PeerProcess peer = await StartAsync();

        await peer.SendAsync((byte[])[.. "{\"id\":1,\"pad\":\""u8, .. Enumerable.Repeat((byte)'x', InputLines.MaxLineBytes), .. "\"}\n"u8]);

        Assert.That((await peer.EventAsync("result")).Text("error"), Does.StartWith("bad JSON: a line of more than"));
        await peer.CallAsync("peers");
    }

    [Test]
    public async Task BlankLines_AreIgnoredAndEndsOfOtherSystemsTaken()
    {
        PeerProcess peer = await StartAsync();

        await peer.SendAsync("\n  \t \n\r\n{\"id\":1,\"cmd\":\"peers\"}\r\n\n{\"id\":2,\"cmd\":\"peers\"}");
        peer.CloseInput();
        await peer.EndAsync();

        Assert.That(
            peer.Log.All.Where(line => line.Ev() == "result").Select(line => line.GetProperty("id").GetInt32()), Is.EquivalentTo([1, 2]));
    }

    [TestCase("{\"id\":1,\"cmd\":\"nonsense\"}", "nonsense")]
    [TestCase("{\"id\":1,\"cmd\":\"Peers\"}", "Peers")]
    [TestCase("{\"id\":1,\"cmd\":\"\"}", "")]
    [TestCase("{\"id\":1,\"cmd\":5}", null)]
    [TestCase("{\"id\":1}", null)]
    public async Task UnknownCommand_IsNamed(string line, string? command)
    {
        PeerProcess peer = await StartAsync();

        await peer.SendAsync(line + "\n");

        JsonElement result = await peer.ResultAsync(1);
        Assert.That(result.IsOk(), Is.False);
        Assert.That(result.Text("error"), Is.EqualTo("unknown command"));
        Assert.That(result.Text("cmd"), Is.EqualTo(command));
    }

    [Test]
    public async Task Unicode_PassesInBothDirections()
    {
        PeerProcess peer = await StartAsync();
        const string Topic = "tópico-主题-😀-\u2028-\"\\";

        JsonElement result = await peer.CallAsync("subscribe", new() { ["topic"] = Topic });
        await peer.SendAsync(Encoding.UTF8.GetBytes("{\"id\":7,\"cmd\":\"subscribe\",\"topic\":\"ü😀\"}\n"));

        Assert.That(result.Texts("topics"), Is.EqualTo([Topic]));
        Assert.That((await peer.ResultAsync(7)).Texts("topics"), Does.Contain("ü😀"));
    }
}

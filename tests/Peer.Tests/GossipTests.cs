using System.Security.Cryptography;
using System.Text.Json;
using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

internal sealed class GossipTests : PeerTest
{
    [Test]
    public async Task Messages_AreToldAsTheyAre()
    {
        (PeerProcess a, PeerProcess b) = await StartMeshAsync("--rpc-trace");

        JsonElement sent = await a.CallAsync("publish", new() { ["topic"] = "t", ["data"] = "00FFab" });
        JsonElement got = await b.EventAsync("gossip");

        Assert.That(sent.Texts("recipients"), Is.EqualTo([b.Id]));
        Assert.That(got.Text("topic"), Is.EqualTo("t"));
        Assert.That(got.Text("via"), Is.EqualTo(a.Id));
        Assert.That(got.Text("from"), Is.EqualTo(a.Id));
        Assert.That(got.GetProperty("signed").GetBoolean(), Is.True);
        Assert.That(got.Text("data"), Is.EqualTo("00ffab"));
        string seqno = ulong.Parse(got.Text("seqno")!, System.Globalization.CultureInfo.InvariantCulture).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
        Assert.That(
            Convert.ToHexStringLower(Convert.FromBase64String(got.Text("msgId")!.PadRight((got.Text("msgId")!.Length + 3) / 4 * 4, '='))),
            Is.EqualTo(a.Listening.Text("peerIdHex") + seqno));
        JsonElement message = (await b.EventAsync("rpc:in", HasMessages)).GetProperty("rpc").GetProperty("messages")[0];
        Assert.That(message.Text("from"), Is.EqualTo(a.Listening.Text("peerIdHex")));
        Assert.That(message.Text("seqno"), Is.EqualTo(seqno));
        Assert.That(message.GetProperty("sigLen").GetInt32(), Is.EqualTo(64));
        Assert.That(message.Text("key"), Does.StartWith("08011220"));
        Assert.That(message.GetProperty("size").GetInt32(), Is.EqualTo(3));
        JsonElement stats = await b.CallAsync("gossipStats");
        Assert.That(stats.GetProperty("byTopic").GetProperty("t").GetInt32(), Is.EqualTo(1));
        Assert.That(a.Log.All.Count(line => line.Ev() == "gossip"), Is.Zero, "own messages are not delivered");
    }

    [Test]
    public async Task LargeMessages_AreDeliveredAndToldByTheirHash()
    {
        const int Size = 900_000;
        (PeerProcess a, PeerProcess b) = await StartMeshAsync();
        byte[] data = RandomNumberGenerator.GetBytes(Size);

        await a.CallAsync("publish", new() { ["topic"] = "t", ["data"] = Convert.ToHexString(data) });
        JsonElement got = await b.EventAsync("gossip");

        Assert.That(got.GetProperty("size").GetInt32(), Is.EqualTo(Size));
        Assert.That(got.Text("sha256"), Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(data))));
        Assert.That(got.TryGetProperty("data", out _), Is.False);
    }

    [Test]
    public async Task Messages_WithoutSignatureNameNobody()
    {
        (PeerProcess a, PeerProcess b) = await StartMeshAsync("--sign", "none", "--rpc-trace");

        await a.CallAsync("publish", new() { ["topic"] = "t", ["data"] = "01" });
        JsonElement got = await b.EventAsync("gossip");

        Assert.That(got.GetProperty("signed").GetBoolean(), Is.False);
        Assert.That(got.TryGetProperty("from", out _) || got.TryGetProperty("seqno", out _), Is.False);
        Assert.That(Convert.FromBase64String(got.Text("msgId")! + "="), Is.EqualTo(SHA256.HashData([1])));
        JsonElement message = (await b.EventAsync("rpc:in", HasMessages)).GetProperty("rpc").GetProperty("messages")[0];
        Assert.That(message.EnumerateObject().Select(field => field.Name), Is.EquivalentTo(["topic", "size"]));
    }

    [Test]
    public async Task PublishMany_NumbersItsMessages()
    {
        (PeerProcess a, PeerProcess b) = await StartMeshAsync();

        JsonElement sent = await a.CallAsync("publishMany", new() { ["topic"] = "t", ["count"] = 50, ["size"] = 20 });
        JsonElement last = await b.EventAsync("gossip", line => line.Text("data")!.StartsWith("0000000000000031", StringComparison.Ordinal));

        Assert.That(sent.GetProperty("count").GetInt32(), Is.EqualTo(50));
        Assert.That(last.Text("data"), Has.Length.EqualTo(40));
        await b.UntilAsync("gossipStats", () => [], result => result.GetProperty("byTopic").GetProperty("t").GetInt32() == 50);
    }

    [Test]
    public async Task Validators_DecideWhatIsDelivered()
    {
        (PeerProcess a, PeerProcess b) = await StartMeshAsync();

        await b.CallAsync("validator", new() { ["topic"] = "t", ["mode"] = "ignore" });
        await a.CallAsync("publish", new() { ["topic"] = "t", ["data"] = "01" });
        await a.CallAsync("ping", new() { ["peer"] = b.Id });
        await b.CallAsync("validator", new() { ["topic"] = "u", ["mode"] = "reject" });
        await a.CallAsync("publish", new() { ["topic"] = "u", ["data"] = "02" });
        await b.CallAsync("subscribe", new() { ["topic"] = "v" });
        await a.UntilAsync("subscribers", () => new() { ["topic"] = "v" }, result => result.Texts("subscribers").Contains(b.Id));
        await a.CallAsync("publish", new() { ["topic"] = "v", ["data"] = "03" });

        await b.EventAsync("gossip", line => line.Text("topic") == "v");
        Assert.That(b.Log.All.Where(line => line.Ev() == "gossip").Select(line => line.Text("data")), Is.EqualTo(["03"]));
    }

    [Test]
    public async Task Subscriptions_AreToldAndUndone()
    {
        (PeerProcess a, PeerProcess b) = await StartMeshAsync("--rpc-trace", "--unsub-backoff", "7000");

        JsonElement mesh = await a.CallAsync("mesh");
        Assert.That(mesh.GetProperty("topics").GetProperty("t").Texts("mesh"), Is.EqualTo([b.Id]));
        Assert.That(mesh.GetProperty("peers")[0].Text("outbound"), Is.EqualTo("/meshsub/1.2.0"));
        Assert.That((await a.CallAsync("mesh", new() { ["topic"] = "other" })).GetProperty("topics").GetProperty("other").Texts("mesh"), Is.Empty);

        Assert.That((await b.CallAsync("unsubscribe", new() { ["topic"] = "t" })).Texts("topics"), Is.EqualTo(["u"]));
        JsonElement change = await a.EventAsync("subscription", line => !line.GetProperty("subscriptions")[0].GetProperty("subscribe").GetBoolean());
        JsonElement prune = await a.EventAsync("prune");
        JsonElement rpc = await a.EventAsync("rpc:in", line => line.GetProperty("rpc").TryGetProperty("prune", out _));

        Assert.That(change.Text("remotePeer"), Is.EqualTo(b.Id));
        Assert.That(prune.Text("topic"), Is.EqualTo("t"));
        Assert.That(rpc.GetProperty("rpc").GetProperty("prune")[0].GetProperty("backoff").GetInt32(), Is.EqualTo(7));
        JsonElement[] lines = a.Log.All;
        Assert.That(Array.IndexOf(lines, rpc), Is.LessThan(Array.IndexOf(lines, prune)), "an RPC comes before what it causes");
    }

    [Test]
    public async Task Prune_WithoutBackoffIsToldWithoutOne()
    {
        (PeerProcess a, PeerProcess b) = await StartMeshAsync("--rpc-trace", "--meshsub", "1.0.0");

        await b.CallAsync("unsubscribe", new() { ["topic"] = "t" });

        foreach (JsonElement line in (JsonElement[])[await b.EventAsync("rpc:out", HasPrune), await a.EventAsync("rpc:in", HasPrune)])
        {
            JsonElement prune = line.GetProperty("rpc").GetProperty("prune")[0];
            Assert.That(prune.EnumerateObject().Select(field => field.Name), Is.EqualTo(["topic"]));
        }
    }

    [Test]
    public async Task Mesh_MayBeTurnedOff()
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync("--topic", "t", "--d", "0", "--dlo", "0", "--dhi", "0", "--dout", "0");
        await a.UntilAsync("subscribers", () => new() { ["topic"] = "t" }, result => result.Texts("subscribers").Contains(b.Id));

        await a.CallAsync("publish", new() { ["topic"] = "t", ["data"] = "01" });

        await b.EventAsync("gossip");
        Assert.That((await a.CallAsync("mesh")).GetProperty("topics").GetProperty("t").Texts("mesh"), Is.Empty);
    }

    private static bool HasPrune(JsonElement line) => line.GetProperty("rpc").TryGetProperty("prune", out _);

    private static bool HasMessages(JsonElement line) => line.GetProperty("rpc").TryGetProperty("messages", out _);

    private async Task<(PeerProcess A, PeerProcess B)> StartMeshAsync(params string[] options)
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync(["--topic", "t", "--topic", "u", "--heartbeat", "200", .. options]);
        foreach ((PeerProcess one, PeerProcess other) in ((PeerProcess, PeerProcess)[])[(a, b), (b, a)])
        {
            await one.UntilAsync("mesh", () => [], result =>
                result.GetProperty("topics").GetProperty("t").Texts("mesh").Contains(other.Id)
                && result.GetProperty("topics").GetProperty("u").Texts("mesh").Contains(other.Id));
        }
        return (a, b);
    }
}

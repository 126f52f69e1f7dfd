using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

/// <summary>The two sides differ in kind; what the first does, the second sees.</summary>
[TestFixture(PeerKind.Js, PeerKind.Ours)]
[TestFixture(PeerKind.Ours, PeerKind.Js)]
internal sealed class GossipTests(PeerKind firstKind, PeerKind secondKind) : PeerTests
{
    private const string Topic = "two";

    [TestCase("1.2.0,1.1.0,1.0.0", "/meshsub/1.2.0")]
    [TestCase("1.1.0,1.0.0", "/meshsub/1.1.0")]
    [TestCase("1.0.0", "/meshsub/1.0.0")]
    public async Task Version_IsTheNewestThatBothOffer(string offered, string expected)
    {
        (ScriptedPeer first, ScriptedPeer second) = await ConnectAsync(["--meshsub", offered], []);

        foreach ((ScriptedPeer peer, ScriptedPeer other) in new[] { (first, second), (second, first) })
        {
            JsonElement mesh = await peer.CallAsync("mesh", new { topic = Topic });
            Assert.That(mesh.Items("peers").Single(one => one.Text("peer") == other.Id).Text("outbound"), Is.EqualTo(expected));
        }
        await AssertPassesAsync(first, second, "01");
        await AssertPassesAsync(second, first, "02");
    }

    [Test]
    public async Task Message_IsSignedAsTheSpecificationSays()
    {
        (ScriptedPeer first, ScriptedPeer second) = await ConnectAsync([], ["--rpc-trace"]);

        await AssertPassesAsync(first, second, "0304");
        await AssertPassesAsync(first, second, "0305");

        JsonElement[] messages = [.. second.Events("rpc:in").SelectMany(e => e.GetProperty("rpc").Items("messages"))];
        JsonElement[] delivered = [.. second.Events("gossip")];
        Assert.Multiple(() =>
        {
            Assert.That(messages.Select(one => one.Text("from")), Is.All.EqualTo(first.Listening.Text("peerIdHex")));
            Assert.That(messages.Select(one => one.Text("seqno").Length), Is.All.EqualTo(16));
            Assert.That(messages.Select(one => one.Number("sigLen")), Is.All.EqualTo(64));
            Assert.That(delivered.Select(one => one.Text("from")), Is.All.EqualTo(first.Id));
            Assert.That(delivered.Select(one => one.Text("via")), Is.All.EqualTo(first.Id));
            Assert.That(delivered.Select(one => ulong.Parse(one.Text("seqno"))), Is.Ordered.And.Unique);
        });
    }

    [Test]
    public async Task Seqno_GrowsAcrossARestart()
    {
        const string Seed = "0909090909090909090909090909090909090909090909090909090909090909";
        (ScriptedPeer first, ScriptedPeer second) = await ConnectAsync(["--seed", Seed], []);
        await AssertPassesAsync(first, second, "01");
        await first.KillAsync();
        await second.WaitAsync("peer:disconnect");

        ScriptedPeer again = await StartAsync(firstKind, "again", "--seed", Seed, "--kad-mode", "off", "--topic", Topic);
        await DialAsync(again, second);
        await again.UntilAsync("subscribers", new { topic = Topic }, e => e.Texts("subscribers").Length == 1);
        await AssertPassesAsync(again, second, "02");

        Assert.That(second.Events("gossip").Select(one => ulong.Parse(one.Text("seqno"))), Is.Ordered.And.Unique);
    }

    [Test]
    public async Task StrictNoSign_OnBothSides_CarriesNoAuthor()
    {
        (ScriptedPeer first, ScriptedPeer second) = await ConnectAsync(["--sign", "none"], ["--sign", "none", "--rpc-trace"]);

        JsonElement delivered = await AssertPassesAsync(first, second, "0a0b");

        JsonElement message = second.Events("rpc:in").SelectMany(e => e.GetProperty("rpc").Items("messages")).Single();
        Assert.Multiple(() =>
        {
            Assert.That(delivered.Flag("signed"), Is.False);
            Assert.That(new[] { "from", "seqno", "sigLen", "key" }.Where(field => message.TryGetProperty(field, out _)), Is.Empty);
        });
        await AssertPassesAsync(second, first, "0c0d");
    }

    [TestCase("none", "strict")]
    [TestCase("strict", "none")]
    public async Task SignaturePolicy_ThatDiffers_KeepsMessagesOut(string ofFirst, string ofSecond)
    {
        (ScriptedPeer first, ScriptedPeer second) = await ConnectAsync(["--sign", ofFirst], ["--sign", ofSecond, "--rpc-trace"]);

        await first.CallAsync("publish", new { topic = Topic, data = "66" });

        await second.WaitAsync("rpc:in", e => e.GetProperty("rpc").Items("messages").Length > 0);
        await second.CallAsync("info");
        Assert.That(second.Events("gossip"), Is.Empty);
    }

    [Test]
    public async Task Publish_WithoutSubscription_ReachesSubscribersByFanout()
    {
        ScriptedPeer first = await StartAsync(firstKind, "first", "--kad-mode", "off", "--no-flood-publish");
        ScriptedPeer second = await StartAsync(secondKind, "second", "--kad-mode", "off", "--topic", Topic);
        await DialAsync(first, second);
        await first.UntilAsync("subscribers", new { topic = Topic }, e => e.Texts("subscribers").Contains(second.Id));

        await AssertPassesAsync(first, second, "fa");
        await AssertPassesAsync(first, second, "fb");
    }

    [Test]
    public async Task Message_Of60Kilobytes_PassesBothWays()
    {
        (ScriptedPeer first, ScriptedPeer second) = await ConnectAsync([], []);
        string data = string.Concat(Enumerable.Repeat("0123456789abcdef", 60 * 1024 / 8));

        foreach ((ScriptedPeer from, ScriptedPeer to) in new[] { (first, second), (second, first) })
        {
            await from.CallAsync("publish", new { topic = Topic, data });
            JsonElement delivered = await to.WaitAsync("gossip");
            Assert.That(delivered.Number("size"), Is.EqualTo(60 * 1024));
        }
    }

    [TestCase("reject")]
    [TestCase("ignore")]
    public async Task Validator_KeepsWhatItRefusesFromDeliveryAndForwarding(string verdict)
    {
        const string Unjudged = "unjudged";
        string[] options = Options("--topic", Unjudged);
        ScriptedPeer source = await StartAsync(firstKind, "source", options);
        ScriptedPeer middle = await StartAsync(secondKind, "middle", options);
        ScriptedPeer end = await StartAsync(firstKind, "end", options);
        await DialAsync(source, middle);
        await DialAsync(middle, end);
        foreach (string topic in new[] { Topic, Unjudged })
            await middle.UntilAsync("mesh", new { topic }, e => e.GetProperty("topics").GetProperty(topic).Texts("mesh").Length == 2);

        await middle.CallAsync("validator", new { topic = Topic, mode = verdict });
        await source.CallAsync("publish", new { topic = Topic, data = "bad0" });
        await source.CallAsync("publish", new { topic = Topic, data = "bad1" });
        // Streams keep their order: whatever got past the validator would be there before this.
        await source.CallAsync("publish", new { topic = Unjudged, data = "600d" });
        await middle.WaitAsync("gossip", e => e.Text("data") == "600d");
        await end.WaitAsync("gossip", e => e.Text("data") == "600d");

        Assert.That(end.Events("gossip").Select(e => e.Text("data")), Is.EqualTo(new[] { "600d" }));
        Assert.That(middle.Events("gossip").Select(e => e.Text("data")), Is.EqualTo(new[] { "600d" }));
    }

    private static string[] Options(params string[] more) => ["--topic", Topic, "--kad-mode", "off", .. more];

    private async Task<(ScriptedPeer First, ScriptedPeer Second)> ConnectAsync(string[] ofFirst, string[] ofSecond)
    {
        ScriptedPeer first = await StartAsync(firstKind, "first", Options(ofFirst));
        ScriptedPeer second = await StartAsync(secondKind, "second", Options(ofSecond));
        await DialAsync(first, second);
        await UntilMeshedAsync(first, 1);
        await UntilMeshedAsync(second, 1);
        return (first, second);
    }

    private static Task<JsonElement> UntilMeshedAsync(ScriptedPeer peer, int size) => peer.UntilAsync(
        "mesh", new { topic = Topic }, e => e.GetProperty("topics").GetProperty(Topic).Texts("mesh").Length == size);

    private static async Task<JsonElement> AssertPassesAsync(ScriptedPeer from, ScriptedPeer to, string data)
    {
        await from.CallAsync("publish", new { topic = Topic, data });
        return await to.WaitAsync("gossip", e => e.Text("data") == data);
    }
}

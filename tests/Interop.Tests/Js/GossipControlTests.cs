using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

/// <summary>Control messages: what the first peer sends, the second understands, and the other way round.</summary>
[TestFixture(PeerKind.Js, PeerKind.Ours)]
[TestFixture(PeerKind.Ours, PeerKind.Js)]
internal sealed class GossipControlTests(PeerKind firstKind, PeerKind secondKind) : PeerTests
{
    private const string Topic = "control";

    private static readonly string[] NarrowMesh = ["--d", "1", "--dlo", "1", "--dhi", "1", "--dout", "0"];

    [Test]
    public async Task Unsubscribe_PrunesWithTenSecondsAndEndsDelivery()
    {
        (ScriptedPeer first, ScriptedPeer second) = await ConnectAsync([], ["--rpc-trace"]);

        await first.CallAsync("unsubscribe", new { topic = Topic });

        JsonElement prune = await PruneAsync(second);
        Assert.That(prune.Number("backoff"), Is.EqualTo(10));
        await second.WaitAsync("subscription", e => e.Items("subscriptions").Any(one => one.Text("topic") == Topic && !one.Flag("subscribe")));
        await second.UntilAsync("mesh", new { topic = Topic }, e => MeshSize(e) == 0);
        await second.UntilAsync("subscribers", new { topic = Topic }, e => e.Texts("subscribers").Length == 0);
        await second.CallAsync("publish", new { topic = Topic, data = "dead" });
        await first.CallAsync("ping", new { peer = second.Id });
        Assert.That(first.Events("gossip"), Is.Empty);
    }

    [Test]
    public async Task Backoff_OfAPrune_IsObeyedByBothSides()
    {
        const int BackoffSeconds = 3;
        (ScriptedPeer first, ScriptedPeer second) = await ConnectAsync(
            ["--unsub-backoff", $"{BackoffSeconds * 1000}", "--rpc-trace"], ["--rpc-trace"]);
        int start = second.Now;
        await first.CallAsync("unsubscribe", new { topic = Topic });
        Assert.That((await PruneAsync(second)).Number("backoff"), Is.EqualTo(BackoffSeconds));

        await first.CallAsync("subscribe", new { topic = Topic });
        await second.UntilAsync("mesh", new { topic = Topic }, e => MeshSize(e) == 1);

        double prunedAt = second.Events("rpc:in", start).First(e => e.GetProperty("rpc").Items("prune").Length > 0).Number("t");
        JsonElement graft = second.Events("rpc:in", start).Concat(second.Events("rpc:out", start))
            .Where(e => e.GetProperty("rpc").Texts("graft").Contains(Topic)).MinBy(e => e.Number("t"));
        // A tenth of the time is allowed for the two clocks that start and end it.
        Assert.That(graft.Number("t") - prunedAt, Is.GreaterThan(BackoffSeconds * 900));
        Assert.That(first.Events("rpc:out").SelectMany(e => e.GetProperty("rpc").Items("prune")), Has.Exactly(1).Items);
    }

    [Test]
    public async Task BigMessage_IsAnnouncedWithIdontwant_AndASmallOneIsNot()
    {
        ScriptedPeer source = await StartAsync(secondKind, "source", Options("--no-flood-publish"));
        ScriptedPeer middle = await StartAsync(firstKind, "middle", Options());
        ScriptedPeer end = await StartAsync(secondKind, "end", Options("--rpc-trace"));
        await DialAsync(source, middle);
        await DialAsync(middle, end);
        await UntilMeshedAsync(middle, 2);

        await source.CallAsync("publish", new { topic = Topic, data = "51" });
        await end.WaitAsync("gossip", e => e.Text("data") == "51");
        await source.CallAsync("publish", new { topic = Topic, data = new string('b', 2 * 1000) });
        JsonElement idontwant = await end.WaitAsync("rpc:in", e => e.GetProperty("rpc").Items("idontwant").Length > 0);
        JsonElement big = await end.WaitAsync("rpc:in", e => e.GetProperty("rpc").Items("messages").Any(one => one.Number("size") == 1000));

        JsonElement message = big.GetProperty("rpc").Items("messages").Single();
        string id = message.Text("from") + message.Text("seqno");
        Assert.That(idontwant.GetProperty("rpc").Items("idontwant").SelectMany(one => one.Texts("ids")), Is.EqualTo(new[] { id }));
        Assert.That(end.Events("rpc:in").Count(e => e.GetProperty("rpc").Items("idontwant").Length > 0), Is.EqualTo(1));
    }

    [Test]
    public async Task StockMessageIds_AreTheSameOnBothSides()
    {
        string[] jsIds = ["--msg-id", "js"];
        ScriptedPeer source = await StartAsync(secondKind, "source", Options([.. jsIds, "--no-flood-publish"]));
        ScriptedPeer middle = await StartAsync(firstKind, "middle", Options(jsIds));
        ScriptedPeer end = await StartAsync(secondKind, "end", Options([.. jsIds, "--rpc-trace"]));
        await DialAsync(source, middle);
        await DialAsync(middle, end);
        await UntilMeshedAsync(middle, 2);

        await source.CallAsync("publish", new { topic = Topic, data = new string('b', 2 * 1000) });
        JsonElement ofMiddle = await end.WaitAsync("rpc:in", e => e.GetProperty("rpc").Items("idontwant").Length > 0);
        JsonElement ofEnd = await end.WaitAsync("gossip");

        byte[] id = Convert.FromHexString(ofMiddle.GetProperty("rpc").Items("idontwant").SelectMany(one => one.Texts("ids")).Single());
        Assert.That(Convert.ToBase64String(id).TrimEnd('='), Is.EqualTo(ofEnd.Text("msgId").TrimEnd('=')));
    }

    [TestCase("1.1.0,1.0.0")]
    public async Task OldPeer_GetsNoIdontwant(string versions)
    {
        ScriptedPeer source = await StartAsync(secondKind, "source", Options("--no-flood-publish"));
        ScriptedPeer middle = await StartAsync(firstKind, "middle", Options());
        ScriptedPeer end = await StartAsync(secondKind, "end", Options("--rpc-trace", "--meshsub", versions));
        await DialAsync(source, middle);
        await DialAsync(middle, end);
        await UntilMeshedAsync(middle, 2);

        await source.CallAsync("publish", new { topic = Topic, data = new string('b', 2 * 1000) });
        await end.WaitAsync("gossip", e => e.Text("data").Length == 2000);

        Assert.That(end.Events("rpc:in").SelectMany(e => e.GetProperty("rpc").Items("idontwant")), Is.Empty);
    }

    [Test]
    public async Task PeerOutsideTheMesh_IsServedByIhaveAndIwant()
    {
        // A mesh that is full already, because js-libp2p publishes to others as long as it is not.
        ScriptedPeer first = await StartAsync(firstKind, "first", Options([.. NarrowMesh, "--no-flood-publish"]));
        ScriptedPeer third = await StartAsync(firstKind, "third", Options());
        await DialAsync(first, third);
        await UntilMeshedAsync(first, 1);
        ScriptedPeer second = await StartAsync(
            secondKind, "second", Options("--d", "0", "--dlo", "0", "--dhi", "0", "--dout", "0", "--rpc-trace"));
        await DialAsync(first, second);
        await first.UntilAsync("subscribers", new { topic = Topic }, e => e.Texts("subscribers").Contains(second.Id));

        await first.CallAsync("publish", new { topic = Topic, data = "cafe" });
        await second.WaitAsync("gossip", e => e.Text("data") == "cafe");

        JsonElement ihave = await second.WaitAsync("rpc:in", e => e.GetProperty("rpc").Items("ihave").Length > 0);
        JsonElement iwant = await second.WaitAsync("rpc:out", e => e.GetProperty("rpc").Items("iwant").Length > 0);
        string[] wanted = [.. iwant.GetProperty("rpc").Items("iwant").SelectMany(one => one.Texts("ids"))];
        Assert.That(ihave.GetProperty("rpc").Items("ihave").SelectMany(one => one.Texts("ids")), Is.SupersetOf(wanted));
    }

    [Test]
    public async Task OverfullMesh_IsCutAndTheRestIsNotGraftedAgain()
    {
        ScriptedPeer first = await StartAsync(firstKind, "first", Options([.. NarrowMesh, "--rpc-trace"]));
        ScriptedPeer second = await StartAsync(secondKind, "second", Options());
        ScriptedPeer third = await StartAsync(secondKind, "third", Options());
        await DialAsync(second, first);
        await second.UntilAsync("mesh", new { topic = Topic }, e => MeshSize(e) == 1);
        await DialAsync(third, first);

        JsonElement refused = await first.WaitAsync("rpc:out", e => e.GetProperty("rpc").Items("prune").Length > 0);

        Assert.That(refused.GetProperty("rpc").Items("prune").Single().Number("backoff"), Is.EqualTo(60));
        await first.UntilAsync("mesh", new { topic = Topic }, e => MeshSize(e) == 1);
        // Lazy gossip still brings the refused one what is published.
        await second.CallAsync("publish", new { topic = Topic, data = "0911" });
        await third.WaitAsync("gossip", e => e.Text("data") == "0911");
    }

    [Test]
    public async Task PeerExchange_NamesTheOthersOfTheMeshWithTheirSignedRecords()
    {
        ScriptedPeer first = await StartAsync(firstKind, "first", Options([.. NarrowMesh, "--px"]));
        ScriptedPeer second = await StartAsync(secondKind, "second", Options());
        ScriptedPeer third = await StartAsync(secondKind, "third", Options("--rpc-trace"));
        await DialAsync(second, first);
        await second.UntilAsync("mesh", new { topic = Topic }, e => MeshSize(e) == 1);
        await DialAsync(third, first);

        JsonElement prune = await PruneAsync(third);

        JsonElement named = prune.Items("peers").Single();
        Assert.That(named.Text("peerID"), Is.EqualTo(second.Listening.Text("peerIdHex")));
        Assert.That(named.Flag("signed"), Is.True);
    }

    private static string[] Options(params string[] more) => ["--topic", Topic, "--kad-mode", "off", .. more];

    private static int MeshSize(JsonElement result) => result.GetProperty("topics").GetProperty(Topic).Texts("mesh").Length;

    private static Task<JsonElement> UntilMeshedAsync(ScriptedPeer peer, int size) =>
        peer.UntilAsync("mesh", new { topic = Topic }, e => MeshSize(e) == size);

    private static async Task<JsonElement> PruneAsync(ScriptedPeer peer)
    {
        JsonElement rpc = await peer.WaitAsync("rpc:in", e => e.GetProperty("rpc").Items("prune").Any(one => one.Text("topic") == Topic));
        return rpc.GetProperty("rpc").Items("prune").First(one => one.Text("topic") == Topic);
    }

    private async Task<(ScriptedPeer First, ScriptedPeer Second)> ConnectAsync(string[] ofFirst, string[] ofSecond)
    {
        ScriptedPeer first = await StartAsync(firstKind, "first", Options(ofFirst));
        ScriptedPeer second = await StartAsync(secondKind, "second", Options(ofSecond));
        await DialAsync(first, second);
        await UntilMeshedAsync(first, 1);
        await UntilMeshedAsync(second, 1);
        return (first, second);
    }
}

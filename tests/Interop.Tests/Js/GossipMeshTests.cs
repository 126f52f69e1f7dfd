using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

/// <summary>Three hosts of js-libp2p and three of ours in one mesh.</summary>
internal sealed class GossipMeshTests : PeerTests
{
    private const string Topic = "mesh-of-six";
    private const int MessagesEach = 20;

    [Test]
    public async Task Mesh_OfThreeAndThree_CarriesEveryMessageToEveryone()
    {
        ScriptedPeer[] peers = await StartRingAsync();
        foreach (ScriptedPeer peer in peers)
            await peer.UntilAsync("mesh", new { topic = Topic }, e => Mesh(e, Topic).Length == 2);

        await Task.WhenAll(peers.Select((peer, i) => PublishAsync(peer, i)));

        string[] all = [.. from publisher in Enumerable.Range(0, peers.Length) from n in Enumerable.Range(0, MessagesEach) select Data(publisher, n)];
        for (int i = 0; i < peers.Length; i++)
        {
            string own = i.ToString("x4");
            await AssertDeliveredOnceAsync(peers[i], [.. all.Where(data => !data.StartsWith(own, StringComparison.Ordinal))]);
        }
    }

    [Test]
    public async Task Mesh_LosesOne_AndTheRestGoOn()
    {
        ScriptedPeer[] peers = await StartRingAsync();
        foreach (ScriptedPeer peer in peers)
            await peer.UntilAsync("mesh", new { topic = Topic }, e => Mesh(e, Topic).Length == 2);

        await peers[2].KillAsync();
        await peers[1].WaitAsync("peer:disconnect");
        await peers[3].WaitAsync("peer:disconnect");
        await peers[1].CallAsync("publish", new { topic = Topic, data = "abcd" });

        foreach (ScriptedPeer peer in peers.Where((_, i) => i is not (1 or 2)))
            await peer.WaitAsync("gossip", e => e.Text("data") == "abcd");
    }

    /// <summary>Neighbours are of different kinds, and a message to the other side has to be forwarded twice.</summary>
    private async Task<ScriptedPeer[]> StartRingAsync()
    {
        ScriptedPeer[] peers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => StartAsync(
            i % 2 == 0 ? PeerKind.Js : PeerKind.Ours, $"peer{i}", "--topic", Topic, "--kad-mode", "off", "--no-flood-publish")));
        await Task.WhenAll(peers.Select((peer, i) => DialAsync(peer, peers[(i + 1) % peers.Length])));
        return peers;
    }

    private static async Task PublishAsync(ScriptedPeer peer, int index)
    {
        for (int n = 0; n < MessagesEach; n++)
            await peer.CallAsync("publish", new { topic = Topic, data = Data(index, n) });
    }

    private static async Task AssertDeliveredOnceAsync(ScriptedPeer peer, string[] expected)
    {
        await peer.UntilAsync("gossipStats", null, e => e.GetProperty("byTopic").Number(Topic) >= expected.Length);
        JsonElement[] delivered = [.. peer.Events("gossip")];
        Assert.That(delivered.Select(e => e.Text("data")), Is.EquivalentTo(expected), peer.Name);
        Assert.That(delivered.All(e => e.Flag("signed")), peer.Name);
    }

    private static string[] Mesh(JsonElement result, string topic) => result.GetProperty("topics").GetProperty(topic).Texts("mesh");

    private static string Data(int publisher, int n) => $"{publisher:x4}{n:x4}";
}

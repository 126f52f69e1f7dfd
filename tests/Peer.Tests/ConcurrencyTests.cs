using System.Globalization;
using System.Text;
using System.Text.Json;
using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

internal sealed class ConcurrencyTests : PeerTest
{
    [Test]
    public async Task Commands_StartInTheOrderOfTheirLines()
    {
        const int Count = 300;
        (PeerProcess a, PeerProcess b) = await StartPairAsync("--topic", "t", "--rpc-trace");
        await a.UntilAsync("subscribers", () => new() { ["topic"] = "t" }, result => result.Texts("subscribers").Contains(b.Id));
        StringBuilder lines = new();
        for (int i = 1; i <= Count; i++)
            lines.Append(CultureInfo.InvariantCulture, $$"""{"id":{{i}},"cmd":"publish","topic":"t","data":"{{new string('0', i * 2)}}"}""").Append('\n');

        await a.SendAsync(lines.ToString());
        for (int i = 1; i <= Count; i++)
            Assert.That((await a.ResultAsync(i)).IsOk(), Is.True);

        Assert.That(
            a.Log.All.Where(line => line.Ev() == "rpc:out").SelectMany(Messages).Select(message => message.GetProperty("size").GetInt32()),
            Is.EqualTo(Enumerable.Range(1, Count)));
    }

    [Test]
    public async Task OrderedCommands_AreDoneBeforeTheNextLine()
    {
        PeerProcess peer = await StartAsync();

        await peer.SendAsync("""
            {"id":1,"cmd":"subscribe","topic":"one"}
            {"id":2,"cmd":"mesh"}
            {"id":3,"cmd":"unsubscribe","topic":"one"}
            {"id":4,"cmd":"mesh"}
            {"id":5,"cmd":"handle","protocol":"/x/1"}
            {"id":6,"cmd":"protocols"}
            {"id":7,"cmd":"unhandle","protocol":"/x/1"}
            {"id":8,"cmd":"protocols"}

            """);

        await peer.ResultAsync(8);
        Assert.That((await peer.ResultAsync(2)).GetProperty("topics").TryGetProperty("one", out _), Is.True);
        Assert.That((await peer.ResultAsync(4)).GetProperty("topics").TryGetProperty("one", out _), Is.False);
        Assert.That((await peer.ResultAsync(6)).Texts("protocols"), Does.Contain("/x/1"));
        Assert.That((await peer.ResultAsync(8)).Texts("protocols"), Does.Not.Contain("/x/1"));
    }

    [Test]
    public async Task HundredCommands_RunAtOnceAndEachHasOneResult()
    {
        const int Count = 100;
        (PeerProcess a, PeerProcess b) = await StartPairAsync();
        StringBuilder lines = new();
        for (int i = 0; i < Count; i++)
        {
            lines.Append(CultureInfo.InvariantCulture, $$"""{"id":{{i}},"cmd":"openStream","timeout":60000,"peer":"{{b.Id}}",""")
                .Append("""
                    "protocol":"/p2p-miner/interop/eof-echo/1.0.0","sendRandom":20000}
                    """).Append('\n');
            lines.Append(CultureInfo.InvariantCulture, $$"""{"id":{{Count + i}},"cmd":"ping","timeout":60000,"peer":"{{b.Id}}"}""").Append('\n');
        }

        await a.SendAsync(lines.ToString());
        for (int i = 0; i < 2 * Count; i++)
            Assert.That((await a.ResultAsync(i)).IsOk(), Is.True, (await a.ResultAsync(i)).ToString());

        Assert.That(a.Log.All.Count(line => line.Ev() == "result"), Is.EqualTo(1 + (2 * Count)));
    }

    [Test]
    public async Task ThousandStreams_AreAcceptedOfEachBuiltInHandler()
    {
        const int Count = 1000;
        (PeerProcess a, PeerProcess b) = await StartPairAsync();
        StringBuilder lines = new();
        foreach (string protocol in (string[])["silent", "echo"])
        {
            for (int i = 0; i < Count; i++)
            {
                lines.Append(CultureInfo.InvariantCulture, $$"""{"cmd":"openStream","timeout":600000,"peer":"{{b.Id}}","send":"00","halfClose":false,""")
                    .Append(CultureInfo.InvariantCulture, $$"""
                        "protocol":"/p2p-miner/interop/{{protocol}}/1.0.0"}
                        """).Append('\n');
            }
        }

        await a.SendAsync(lines.ToString());
        await b.UntilAsync("connections", () => [], result => result.GetProperty("connections")[0].GetProperty("streams").GetInt32() >= 2 * Count);

        Assert.That(a.Log.All.Where(line => line.Ev() == "result" && !line.TryGetProperty("id", out _)), Is.Empty);
    }

    private static IEnumerable<JsonElement> Messages(JsonElement line) =>
        line.GetProperty("rpc").TryGetProperty("messages", out JsonElement messages) ? messages.EnumerateArray() : [];
}

using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

/// <summary>One DHT of three hosts of js-libp2p and three of ours.</summary>
internal sealed class DhtTests : PeerTests
{
    private readonly List<ScriptedPeer> _js = [];
    private readonly List<ScriptedPeer> _ours = [];

    private IEnumerable<ScriptedPeer> All => _js.Concat(_ours);

    [OneTimeSetUp]
    public async Task BootstrapAsync()
    {
        _js.AddRange(await Task.WhenAll(Enumerable.Range(0, 3).Select(i => StartForAllAsync(PeerKind.Js, $"js{i}", "--dht-trace"))));
        _ours.AddRange(await Task.WhenAll(Enumerable.Range(0, 3).Select(i => StartForAllAsync(PeerKind.Ours, $"ours{i}", "--dht-trace"))));
        // Each knows one other only: the tables have to fill by themselves.
        foreach (ScriptedPeer peer in All.Where(peer => peer != _js[0]))
            await DialAsync(peer, peer == _ours[0] ? _js[0] : _ours[0]);
        foreach (ScriptedPeer peer in All)
            await peer.UntilAsync("routingTable", null, e => e.Number("size") >= 5);
    }

    [TestCase(PeerKind.Js, PeerKind.Ours)]
    [TestCase(PeerKind.Ours, PeerKind.Js)]
    public async Task Provide_ByOne_IsFoundByTheOther(PeerKind provides, PeerKind looks)
    {
        (ScriptedPeer provider, ScriptedPeer seeker) = (Of(provides)[0], Of(looks)[1]);
        string key = $"provided by {provides}";

        JsonElement provided = await provider.CallAsync("provide", new { key });
        JsonElement found = await seeker.UntilAsync(
            "findProviders", new { key }, e => e.Items("providers").Any(one => one.Text("peer") == provider.Id));

        JsonElement entry = found.Items("providers").Single(one => one.Text("peer") == provider.Id);
        Assert.Multiple(() =>
        {
            Assert.That(provided.Texts("sentTo"), Is.Not.Empty);
            Assert.That(found.Text("cid"), Is.EqualTo(provided.Text("cid")));
            Assert.That(entry.Texts("addrs").Select(addr => $"{addr}/p2p/{provider.Id}"), Does.Contain(provider.Address));
        });
    }

    [Test]
    public async Task FindProviders_OfNobodysKey_FindsNone()
    {
        foreach (ScriptedPeer peer in new[] { _js[0], _ours[0] })
            Assert.That((await peer.CallAsync("findProviders", new { key = "nobody" })).Items("providers"), Is.Empty);
    }

    [TestCase(PeerKind.Js, PeerKind.Ours)]
    [TestCase(PeerKind.Ours, PeerKind.Js)]
    public async Task Put_ByOne_IsReadByTheOther(PeerKind puts, PeerKind gets)
    {
        (ScriptedPeer writer, ScriptedPeer reader) = (Of(puts)[1], Of(gets)[2]);
        string key = $"/test/written by {puts}";

        JsonElement put = await writer.CallAsync("putValue", new { key, value = "0102030405" });
        JsonElement got = await reader.CallAsync("getValue", new { key });

        Assert.That(put.Texts("storedAt"), Is.SupersetOf(new[] { _js[0].Id, _ours[0].Id }));
        Assert.That(put.Texts("errors"), Is.Empty);
        Assert.That(got.Text("value"), Is.EqualTo("0102030405"));
    }

    [TestCase(PeerKind.Js, PeerKind.Ours)]
    [TestCase(PeerKind.Ours, PeerKind.Js)]
    public async Task Put_OfABetterValue_Wins(PeerKind first, PeerKind second)
    {
        string key = $"/v/better by {second}";
        await Of(first)[0].CallAsync("putValue", new { key, value = "01" });
        await Of(second)[0].CallAsync("putValue", new { key, value = "02" });

        foreach (ScriptedPeer peer in All)
            Assert.That((await peer.CallAsync("getValue", new { key })).Text("value"), Is.EqualTo("02"), peer.Name);
    }

    [TestCase(PeerKind.Js)]
    [TestCase(PeerKind.Ours)]
    public async Task Put_OfAnInvalidValue_IsStoredByNobodyElse(PeerKind puts)
    {
        string key = $"/test/invalid by {puts}";

        await Of(puts)[0].TryCallAsync("putValue", new { key, value = "ff00" });

        foreach (ScriptedPeer peer in All.Except(Of(puts).Take(1)))
            Assert.That((await peer.TryCallAsync("getValue", new { key })).Flag("ok"), Is.False, peer.Name);
    }

    [TestCase(PeerKind.Js, PeerKind.Ours)]
    [TestCase(PeerKind.Ours, PeerKind.Js)]
    public async Task FindPeer_AsksTheNetworkForTheAddresses(PeerKind looks, PeerKind target)
    {
        ScriptedPeer wanted = Of(target)[2];

        JsonElement found = await Of(looks)[2].CallAsync("findPeer", new { peer = wanted.Id });

        Assert.That(found.Texts("addrs").Select(addr => $"{addr}/p2p/{wanted.Id}"), Does.Contain(wanted.Address));
    }

    [TestCase(PeerKind.Js)]
    [TestCase(PeerKind.Ours)]
    public async Task ClosestPeers_AreAllOthers(PeerKind looks)
    {
        ScriptedPeer seeker = Of(looks)[1];

        JsonElement found = await seeker.CallAsync("closestPeers", new { key = "anything" });

        Assert.That(found.Texts("peers"), Is.EquivalentTo(All.Where(peer => peer != seeker).Select(peer => peer.Id)));
    }

    [TestCase(PeerKind.Js)]
    [TestCase(PeerKind.Ours)]
    public async Task Client_UsesTheDhtButIsInNoTable(PeerKind kind)
    {
        ScriptedPeer client = await StartAsync(kind, "client", "--kad-mode", "client");
        await DialAsync(client, _js[0]);
        await DialAsync(client, _ours[0]);
        await client.UntilAsync("routingTable", null, e => e.Number("size") >= 2);

        await client.CallAsync("putValue", new { key = $"/test/client {kind}", value = "c1" });
        foreach (ScriptedPeer reader in new[] { _js[1], _ours[1] })
            Assert.That((await reader.CallAsync("getValue", new { key = $"/test/client {kind}" })).Text("value"), Is.EqualTo("c1"));

        foreach (ScriptedPeer server in new[] { _js[0], _ours[0] })
            Assert.That((await server.CallAsync("routingTable")).Texts("peers"), Does.Not.Contain(client.Id), server.Name);
    }

    private List<ScriptedPeer> Of(PeerKind kind) => kind == PeerKind.Js ? _js : _ours;
}

using System.Text.Json;
using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

/// <summary>Starts peers, ends them, and checks what holds for every line that any of them prints.</summary>
internal abstract class PeerTest
{
    private static readonly string[] Defects = ["uncaught", "unhandled", "stopError"];
    private static readonly string[] NamesOfDrivers = ["exit", "garbage"];

    private readonly List<PeerProcess> _ofTest = [];
    private PeerProcess? _ofFixture;

    [TearDown]
    public async Task EndPeersOfTestAsync()
    {
        PeerProcess[] peers = [.. _ofTest];
        _ofTest.Clear();
        await EndAsync(peers);
    }

    [OneTimeTearDown]
    public async Task EndPeerOfFixtureAsync() => await EndAsync(_ofFixture is null ? [] : [_ofFixture]);

    /// <summary>A peer without options for all tests of the fixture.</summary>
    protected async Task<PeerProcess> StartForAllAsync() => await (_ofFixture ??= PeerProcess.Start()).ListeningAsync();

    /// <summary>A peer that listens.</summary>
    protected Task<PeerProcess> StartAsync(params string[] options) => Keep(PeerProcess.Start(options)).ListeningAsync();

    /// <summary>Two peers that are connected and know what the other is.</summary>
    protected async Task<(PeerProcess A, PeerProcess B)> StartPairAsync(params string[] options)
    {
        PeerProcess a = Keep(PeerProcess.Start(["--name", "a", .. options]));
        PeerProcess b = Keep(PeerProcess.Start(["--name", "b", .. options]));
        await a.ListeningAsync();
        await b.ListeningAsync();
        await a.CallAsync("dial", new() { ["addr"] = b.Address });
        await a.EventAsync("identify");
        await b.EventAsync("identify");
        return (a, b);
    }

    /// <summary>Ends with the test.</summary>
    protected PeerProcess Keep(PeerProcess peer)
    {
        _ofTest.Add(peer);
        return peer;
    }

    private static async Task EndAsync(PeerProcess[] peers)
    {
        foreach (PeerProcess peer in peers)
            await peer.DisposeAsync();
        foreach (PeerProcess peer in peers)
            Check(peer);
    }

    private static void Check(PeerProcess peer)
    {
        peer.Log.ThrowIfBroken();
        JsonElement[] lines = peer.Log.All;
        foreach (JsonElement line in lines)
        {
            Assert.That(line.Ev(), Is.Not.Null.And.Not.AnyOf(NamesOfDrivers), line.ToString());
            Assert.That(line.Text("node"), Is.EqualTo(peer.Node), line.ToString());
            Assert.That(line.EnumerateObject().Where(field => field.Name != "id").Any(field => HasNull(field.Value)), Is.False, line.ToString());
            if (!peer.MayHaveDefects)
                Assert.That(line.Ev(), Is.Not.AnyOf(Defects), line.ToString());
        }
    }

    private static bool HasNull(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.Object => value.EnumerateObject().Any(field => HasNull(field.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(HasNull),
        _ => false,
    };
}

using NUnit.Framework.Interfaces;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests;

/// <summary>Starts scripted peers and ends them, and fails a test in which one of them broke.</summary>
internal abstract class PeerTests
{
    /// <summary>Set to 1 to have js-libp2p on both sides: what then fails is a mistake of the test.</summary>
    private const string BaselineVariable = "P2P_MINER_INTEROP_BASELINE";

    /// <summary>Path of another p2p-peer than the one built with these tests.</summary>
    private const string ProgramVariable = "P2P_MINER_PEER";

    private static readonly bool Baseline = Environment.GetEnvironmentVariable(BaselineVariable) == "1";

    private readonly List<ScriptedPeer> _ofTest = [];
    private readonly List<ScriptedPeer> _ofFixture = [];

    private static string OurProgram => Environment.GetEnvironmentVariable(ProgramVariable) ?? Path.Combine(TestContext.CurrentContext.TestDirectory, "p2p-peer.dll");

    [TearDown]
    public async Task EndPeersOfTestAsync()
    {
        bool failed = TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed;
        ScriptedPeer[] all = [.. _ofFixture, .. _ofTest];
        string[] defects = [.. all.Select(peer => peer.Defect()).OfType<string>()];
        if (failed || defects.Length > 0)
            await TestContext.Out.WriteLineAsync(string.Join('\n', all.Select(peer => peer.Report())));
        await EndAsync(_ofTest);
        Assert.That(defects, Is.Empty);
    }

    [OneTimeTearDown]
    public async Task EndPeersOfFixtureAsync() => await EndAsync(_ofFixture);

    /// <summary>A peer that lives as long as the test.</summary>
    protected Task<ScriptedPeer> StartAsync(PeerKind kind, string name, params string[] options) =>
        StartAsync(_ofTest, kind, name, options);

    /// <summary>A peer that lives as long as the fixture.</summary>
    protected Task<ScriptedPeer> StartForAllAsync(PeerKind kind, string name, params string[] options) =>
        StartAsync(_ofFixture, kind, name, options);

    protected static Task<System.Text.Json.JsonElement> DialAsync(ScriptedPeer from, ScriptedPeer to) =>
        from.CallAsync("dial", new { addr = to.Address });

    private static async Task<ScriptedPeer> StartAsync(List<ScriptedPeer> peers, PeerKind kind, string name, string[] options)
    {
        ScriptedPeer peer = await ScriptedPeer.StartAsync(Baseline ? PeerKind.Js : kind, name, OurProgram, options);
        lock (peers)
            peers.Add(peer);
        return peer;
    }

    private static async Task EndAsync(List<ScriptedPeer> peers)
    {
        await Task.WhenAll(peers.Select(peer => peer.DisposeAsync().AsTask()));
        peers.Clear();
    }
}

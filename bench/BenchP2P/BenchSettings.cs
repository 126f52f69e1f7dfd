using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.BenchP2P;

/// <param name="Only">Scenarios to run; all if empty.</param>
/// <param name="Pairs">Alternating measurements of each scenario between two peers.</param>
/// <param name="SizeBytes">Of one transfer in one direction.</param>
/// <param name="Connections">Made one after the other in one measurement.</param>
/// <param name="Messages">Published in one measurement.</param>
/// <param name="Hosts">Sizes of the mesh.</param>
/// <param name="DhtHosts">Size of the DHT.</param>
/// <param name="Rounds">Messages through the mesh in one measurement; a quarter as many lookups.</param>
/// <param name="ManyPairs">Alternating measurements of mesh and attacks.</param>
/// <param name="DhtPairs">Alternating measurements of the DHT.</param>
/// <param name="Held">Connections held open to one node.</param>
/// <param name="Idle">How long the held connections are left alone.</param>
/// <param name="Peer">Path of p2p-peer.</param>
/// <param name="Output">Where the JSON goes.</param>
internal sealed record BenchSettings(
    string[] Only,
    int Pairs,
    long SizeBytes,
    int Connections,
    int Messages,
    int[] Hosts,
    int DhtHosts,
    int Rounds,
    int ManyPairs,
    int DhtPairs,
    int Held,
    TimeSpan Idle,
    string Peer,
    string Output)
{
    /// <summary>Nothing that one side does takes longer.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(10);

    /// <summary>The two sides of every comparison.</summary>
    public static readonly PeerKind[] Sides = [PeerKind.Ours, PeerKind.Js];

    public bool Wants(string scenario) => Only.Length == 0 || Only.Contains(scenario);

    public Task<ScriptedPeer> StartAsync(PeerKind side, string name, params string[] options) =>
        ScriptedPeer.StartAsync(side, name, Peer, options);
}

using System.CommandLine;
using P2PMiner.Node.Api;
using P2PMiner.Node.Terminal;

namespace P2PMiner.Node.Cli;

/// <summary><c>peers</c>: the other nodes of a running node's cluster.</summary>
internal static class PeersCommand
{
    public static readonly string[] Examples =
    [
        "p2p-miner peers",
        "p2p-miner peers --json | jq '.peers[].hashrate'",
    ];

    public static Command Create(CliServices services) => NodeQuery.Create(
        services, "peers", "Show the other nodes of the cluster that a running node sees.", StatusClient.GetPeersAsync, () => NodeJson.Default.PeerList,
        list => Write(services.Output, list.Peers));

    private static void Write(TextWriter output, IReadOnlyList<PeerStatus> peers)
    {
        if (peers.Count == 0)
        {
            output.WriteLine("No other node is there.");
            return;
        }
        List<string[]> rows = [["peer", "name", "role", "hash rate", "memory", "threads", "chain", "address"]];
        rows.AddRange(peers.Select(peer => (string[])
        [
            peer.PeerId, peer.Name, peer.Role, Units.Hashrate(peer.Hashrate), peer.Memory, $"{peer.Threads}", $"{peer.Chain.Height}", peer.Address ?? "through others",
        ]));
        NodeQuery.WriteTable(output, rows);
    }
}

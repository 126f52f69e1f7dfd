using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Upkeep;

/// <summary>
/// Makes the connections to the k contacts closest to us worth keeping: they are asked, and ask us, most. Called for every change of the
/// table and for every connection, for a value is forgotten with the connection.
/// </summary>
internal sealed class NeighbourTags(RoutingTable table, IDhtNetwork network, int count)
{
    /// <summary>Less than a place in a gossip mesh is worth.</summary>
    internal const int Value = 50;

    private readonly Lock _lock = new();
    private HashSet<PeerId> _tagged = [];

    internal void Update()
    {
        lock (_lock)
        {
            HashSet<PeerId> closest = [.. table.Closest(table.LocalKey, count).Select(contact => contact.Peer)];
            foreach (PeerId former in _tagged.Where(peer => !closest.Contains(peer)))
                network.SetValue(former, 0);
            foreach (PeerId peer in closest.Where(network.IsConnected))
                network.SetValue(peer, Value);
            _tagged = closest;
        }
    }
}

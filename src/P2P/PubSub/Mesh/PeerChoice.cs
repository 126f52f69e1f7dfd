using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>Draws peers. Belongs to the router's lock, as does the generator.</summary>
internal sealed class PeerChoice(Random random)
{
    /// <summary>The subscribers that can be sent to and pass the filter, in random order.</summary>
    internal List<GossipPeer> Subscribers(Topic topic, Func<GossipPeer, bool> filter)
    {
        List<GossipPeer> peers = [];
        foreach (GossipPeer peer in topic.Subscribers)
        {
            if (peer.CanSend && filter(peer))
                peers.Add(peer);
        }
        Shuffle(peers);
        return peers;
    }

    internal void Shuffle<T>(List<T> items) => random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(items));

    internal int Next(int limit) => random.Next(limit);

    /// <summary>
    /// Which members of a mesh stay when it is cut down to D: the best D_score by score, the others drawn, and among all of them at least
    /// D_out of those that we dialled, as far as there are so many (libp2p/specs, pubsub/gossipsub/gossipsub-v1.1.md, "Heartbeat Maintenance").
    /// </summary>
    internal HashSet<GossipPeer> Keep(IReadOnlyCollection<GossipPeer> mesh, Func<GossipPeer, double> score, MeshOptions options)
    {
        List<GossipPeer> order = [.. mesh];
        Shuffle(order);
        order = [.. order.OrderByDescending(score)];
        List<GossipPeer> drawn = order[Math.Min(options.DScore, order.Count)..];
        Shuffle(drawn);
        order = [.. order.Take(options.DScore), .. drawn];

        List<GossipPeer> kept = order[..Math.Min(options.D, order.Count)];
        List<GossipPeer> spare = [.. order.Skip(options.D).Where(static peer => peer.IsOutbound)];
        int missing = Math.Min(options.DOut - kept.Count(static peer => peer.IsOutbound), spare.Count);
        for (int i = kept.Count - 1, next = 0; i >= 0 && next < missing; i--)
        {
            if (!kept[i].IsOutbound)
                kept[i] = spare[next++];
        }
        return [.. kept];
    }
}

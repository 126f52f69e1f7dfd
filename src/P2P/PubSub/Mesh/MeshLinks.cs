using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Scoring;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>Puts peers into meshes and takes them out, and lets scores and metrics know. Belongs to the router's lock.</summary>
internal sealed class MeshLinks(ScoreBoard scores, TimeProvider time)
{
    /// <summary>Adds a peer; we must be subscribed to the topic.</summary>
    internal void Add(Topic topic, GossipPeer peer)
    {
        if (!topic.Mesh!.Add(peer))
            return;
        peer.Meshes++;
        scores.TopicOf(peer.Stats, topic.Name)?.Graft(time.GetTimestamp());
        Count(topic, 1);
    }

    internal bool Remove(Topic topic, GossipPeer peer)
    {
        if (topic.Mesh is null || !topic.Mesh.Remove(peer))
            return false;
        peer.Meshes--;
        scores.TopicOf(peer.Stats, topic.Name)?.Prune();
        Count(topic, -1);
        return true;
    }

    private static void Count(Topic topic, int change) =>
        PubSubMetrics.MeshPeers.Add(change, new KeyValuePair<string, object?>("topic", topic.Name));
}

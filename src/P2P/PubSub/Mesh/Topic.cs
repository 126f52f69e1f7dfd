using System.Text;
using P2PMiner.P2P.PubSub.Peers;

namespace P2PMiner.P2P.PubSub.Mesh;

/// <summary>A topic that we or a peer have to do with.</summary>
internal sealed class Topic(string name)
{
    internal string Name { get; } = name;

    /// <summary>The name in UTF-8, as it is sent.</summary>
    internal byte[] Key { get; } = Encoding.UTF8.GetBytes(name);

    /// <summary>Peers that announced their subscription.</summary>
    internal HashSet<GossipPeer> Subscribers { get; } = [];

    /// <summary>Peers that we exchange all messages with; null unless we are subscribed.</summary>
    internal HashSet<GossipPeer>? Mesh { get; set; }

    /// <summary>Peers for what we publish without being subscribed; null if we do not.</summary>
    internal FanoutPeers? Fanout { get; set; }

    internal Backoffs Backoffs { get; } = new();

    internal bool IsUnused => Subscribers.Count == 0 && Mesh is null && Fanout is null && Backoffs.Count == 0;
}

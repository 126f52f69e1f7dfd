using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

/// <summary>Which of two connections with one peer to use, so that both ends come to the same answer without a word.</summary>
/// <remarks>
/// Two peers that dial each other at the same moment get two connections: the one that the smaller peer id dialled stays. If one of the two
/// is clearly older, it may be dead without our knowing, or the remote would not have dialled again: then the younger one stays.
/// The other end may follow no such rule (other implementations keep both), so the surplus one is only closed when it carries no stream.
/// </remarks>
internal static class ConnectionPreference
{
    /// <summary>Connections opened within this time of each other count as dialled at the same moment.</summary>
    internal static readonly TimeSpan Simultaneous = TimeSpan.FromSeconds(10);

    /// <summary>The one of two connections with the same peer to use for new streams.</summary>
    internal static T Better<T>(T a, T b, PeerId local)
        where T : IPeerConnection
    {
        TimeSpan age = a.Opened - b.Opened;
        if (a.Direction == b.Direction || age.Duration() > Simultaneous)
            return age >= TimeSpan.Zero ? a : b;
        bool weAreSmaller = local.Bytes.SequenceCompareTo(a.RemotePeer.Bytes) < 0;
        return a.Direction == Direction.Outbound == weAreSmaller ? a : b;
    }
}

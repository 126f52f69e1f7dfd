using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Membership;

/// <summary>
/// Who has a place among the members where there are too many. Names cost nothing, so that somebody could make up as many as there are places:
/// members that are connected with this node or have proved themselves come first, and those that are only heard of share what is left evenly
/// among the neighbours who bring their heartbeats. Not thread-safe.
/// </summary>
internal static class MemberPlaces
{
    /// <summary>Members that one neighbour brings who are neither connected nor proven.</summary>
    public const int PerNeighbour = MemberView.MaxMembers / 4;

    /// <summary>Whether a new member gets a place, and whose.</summary>
    /// <param name="members">All that have one.</param>
    /// <param name="isKnown">Whether the new one is connected or proven.</param>
    /// <param name="via">Who brings it.</param>
    /// <param name="leaves">Who has to leave for it; null if nobody.</param>
    public static bool TryFind(IEnumerable<Place> members, bool isKnown, PeerId via, out PeerId? leaves)
    {
        leaves = null;
        int count = 0;
        Dictionary<PeerId, List<Place>> heardOf = [];
        foreach (Place place in members)
        {
            count++;
            if (place.IsKnown)
                continue;
            if (!heardOf.TryGetValue(place.Via, out List<Place>? brought))
                heardOf[place.Via] = brought = [];
            brought.Add(place);
        }
        int own = heardOf.TryGetValue(via, out List<Place>? ours) ? ours.Count : 0;
        if (!isKnown && own >= PerNeighbour)
            return false;
        if (count < MemberView.MaxMembers)
            return true;
        if (heardOf.Count == 0)
            return false;
        List<Place> most = heardOf.Values.MaxBy(brought => brought.Count)!;
        if (!isKnown && most.Count <= own + 1)
            return false;
        leaves = most.MinBy(place => place.Heard).Peer;
        return true;
    }

    /// <param name="Peer">Who has it.</param>
    /// <param name="IsKnown">Whether it is connected or proven.</param>
    /// <param name="Via">Who brought its first heartbeat.</param>
    /// <param name="Heard">When the last one came.</param>
    internal readonly record struct Place(PeerId Peer, bool IsKnown, PeerId Via, long Heard);
}

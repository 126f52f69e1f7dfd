using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Configuration;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node;

/// <summary>What the role of a node depends on, at one moment.</summary>
/// <param name="AvailableBytes">Memory that machine and cgroups can still give, beside what this node has; null when nothing tells.</param>
/// <param name="IsOnBattery">Whether the machine runs on its battery.</param>
/// <param name="Members">The other live members of the cluster.</param>
/// <param name="Hosts">Of these, the ones that host datasets, as far as they are believed.</param>
/// <param name="HasBetterHost">Whether one of them will go on hosting whatever this node does.</param>
internal sealed record RoleConditions(long? AvailableBytes, bool IsOnBattery, int Members, int Hosts, bool HasBetterHost)
{
    /// <summary>In how much of the last seconds a program waited for memory, in percent; null when nothing tells.</summary>
    public double? StallPercent { get; init; }

    /// <summary>Whether others say that they host datasets, which nothing proves yet.</summary>
    public bool HasUnprovenHosts { get; init; }

    /// <param name="self">This node.</param>
    /// <param name="members">The others.</param>
    /// <param name="isBelieved">Whether a member that says it hosts datasets does so, as far as this node can know.</param>
    /// <param name="availableBytes">As <see cref="AvailableBytes"/>.</param>
    /// <param name="isOnBattery">As <see cref="IsOnBattery"/>.</param>
    public static RoleConditions Of(
        PeerId self, IReadOnlyList<Member> members, Predicate<PeerId> isBelieved, long? availableBytes, bool isOnBattery)
    {
        Member[] claiming = [.. members.Where(member => member.Status.IsDatasetHost)];
        Member[] hosts = [.. claiming.Where(member => isBelieved(member.Peer))];

        // Of nodes that host only because nobody else does, the one with the smallest id stays.
        bool hasBetter = hosts.Any(host => host.Status.IsWorker || host.Status.Mode != NodeMode.Auto || host.Peer.CompareTo(self) < 0);
        return new RoleConditions(availableBytes, isOnBattery, members.Count, hosts.Length, hasBetter)
        {
            HasUnprovenHosts = claiming.Length > hosts.Length,
        };
    }
}

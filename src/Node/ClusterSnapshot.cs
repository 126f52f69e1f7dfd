using P2PMiner.Node.Api;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Configuration;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node;

/// <summary>Puts what this node does, what the others tell and what connects them together into one picture.</summary>
/// <param name="name">Of the cluster.</param>
/// <param name="isPrivate">Whether the cluster has a key.</param>
/// <param name="self">This node.</param>
/// <param name="own">What this node tells of itself.</param>
/// <param name="cluster">The others.</param>
internal sealed class ClusterSnapshot(string name, bool isPrivate, PeerId self, Func<MemberStatus> own, ClusterNode cluster)
{
    /// <summary>Members that are listed; the sums count all.</summary>
    public const int MaxMembers = 512;

    /// <summary>More than a picture can show.</summary>
    public const int MaxLinks = 4096;

    public ClusterReport Take()
    {
        var me = new Member(self, own(), TimeSpan.Zero);
        IReadOnlyList<Member> others = cluster.Members;
        List<Member> shown =
        [
            me,
            .. others.Where(member => !member.Peer.Equals(self)).OrderByDescending(member => member.Status.Hashrate)
                .ThenBy(member => member.Peer).Take(MaxMembers - 1),
        ];
        Member[] all = [me, .. others];
        var sums = new ClusterSums(
            all.Length, all.Sum(member => member.Status.Hashrate), all.Sum(member => member.Status.Threads),
            all.Count(member => member.Status.IsDatasetHost), all.Count(member => member.Status.HasDaemon));
        return new ClusterReport(name, isPrivate, self.ToString(), [.. shown.Select(StatusOf)], Links(shown), sums);
    }

    /// <summary>Each connection once, whichever of its ends tells of it. Ends that are not listed do not count.</summary>
    private List<ClusterLink> Links(List<Member> shown)
    {
        Dictionary<PeerTail, PeerId> byTail = [];
        foreach (Member member in shown)
            byTail.TryAdd(PeerTail.Of(member.Peer), member.Peer);
        HashSet<(PeerId, PeerId)> seen = [];
        List<ClusterLink> links = [];
        foreach (Member member in shown)
        {
            foreach (PeerTail tail in member.Status.Neighbours)
            {
                if (!byTail.TryGetValue(tail, out PeerId? other) || other.Equals(member.Peer) || !seen.Add(InOrder(member.Peer, other)))
                    continue;
                links.Add(new ClusterLink(member.Peer.ToString(), other.ToString(), LatencyOf(member.Peer, other)));
                if (links.Count == MaxLinks)
                    return links;
            }
        }
        return links;
    }

    private double? LatencyOf(PeerId one, PeerId other) =>
        one.Equals(self) ? cluster.LatencyOf(other)?.TotalSeconds
        : other.Equals(self) ? cluster.LatencyOf(one)?.TotalSeconds
        : null;

    private static (PeerId, PeerId) InOrder(PeerId one, PeerId other) => one.CompareTo(other) < 0 ? (one, other) : (other, one);

    private ClusterMember StatusOf(Member member)
    {
        MemberStatus status = member.Status;
        bool isSelf = member.Peer.Equals(self);
        return new ClusterMember(
            member.Peer.ToString(), status.Name, isSelf, status.Version, OptionText.Mode(status.Mode), status.Role, status.Hashrate,
            status.Threads, OptionText.Memory(status.Memory), status.Cpus,
            status.MemoryTotal, status.MemoryAvailable, status.HasDaemon, new PeerChain(status.Tip.Height, status.Tip.Id.ToString()),
            [.. status.DatasetKeys.Select(key => key.ToString())],
            isSelf ? null : cluster.ConnectionOf(member.Peer)?.RemoteAddress.ToString(),
            isSelf ? null : cluster.LatencyOf(member.Peer)?.TotalSeconds, member.SinceHeard.TotalSeconds);
    }
}

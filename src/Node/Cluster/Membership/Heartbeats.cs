using System.Security.Cryptography;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Node.Cluster.Membership;

/// <summary>Tells the cluster at intervals what this node does, and listens to what the others tell.</summary>
/// <param name="topic">Where.</param>
/// <param name="status">What this node does; run and sequence number are filled in here.</param>
/// <param name="view">Learns what the others tell.</param>
/// <param name="time">Paces the heartbeats.</param>
internal sealed class Heartbeats(string topic, Func<MemberStatus> status, MemberView view, TimeProvider time)
{
    /// <summary>How soon a new neighbour is greeted, so that both know each other at once.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly ulong _run = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private ulong _sequence;

    /// <summary>Takes part before the first connection can come in.</summary>
    public void Join(GossipSub gossip)
    {
        gossip.SetValidator(topic, (message, _) => ValueTask.FromResult(Judge(message)));
        gossip.Subscribe(topic, static _ => { });
    }

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(GossipSub gossip, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Look, time);
        long sent = 0;
        HashSet<PeerId> greeted = [];
        do
        {
            IReadOnlyList<PeerId> neighbours = gossip.Subscribers(topic);
            bool hasNew = !greeted.IsSupersetOf(neighbours);
            if (sent != 0 && !hasNew && time.GetElapsedTime(sent) < MemberView.Interval)
                continue;
            greeted = [.. neighbours];
            sent = time.GetTimestamp();
            MemberStatus now = status() with { Run = _run, Sequence = ++_sequence };
            await gossip.PublishAsync(topic, HeartbeatCodec.Encode(now), cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    /// <summary>Whether a heartbeat is passed on. It is delivered here as well, not by the subscription, so that none waits behind another.</summary>
    private Verdict Judge(PubSubMessage message)
    {
        if (message.From is null || !HeartbeatCodec.TryDecode(message.Data.Span, out MemberStatus? told))
            return Verdict.Reject;
        return view.Offer(message.From, told) ? Verdict.Accept : Verdict.Ignore;
    }
}

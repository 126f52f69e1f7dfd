using System.Security.Cryptography;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Node.Cluster.Membership;

/// <summary>Tells the cluster at intervals what this node does, and listens to what the others tell.</summary>
/// <param name="topic">Where.</param>
/// <param name="status">What this node does; run and sequence number are filled in here.</param>
/// <param name="view">Learns what the others tell.</param>
/// <param name="time">Paces the heartbeats.</param>
internal sealed class Heartbeats(string topic, Func<MemberStatus> status, MemberView view, TimeProvider time)
{
    /// <summary>
    /// A heartbeat goes to each listening neighbour directly, so that passing it on to them only makes copies, five for each node. It is done
    /// all the same where everybody may be in everybody's mesh: there nobody is told by gossip of what a bad connection has lost.
    /// </summary>
    private const int FewNeighbours = 12;

    private readonly ulong _run = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private readonly HeartbeatPace _pace = new(time);
    private ulong _sequence;

    /// <summary>Takes part before the first connection can come in.</summary>
    public void Join(GossipSub gossip)
    {
        gossip.SetValidator(topic, (message, _) => ValueTask.FromResult(Judge(message)));
        gossip.Subscribe(topic, static _ => { });
    }

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(GossipSub gossip, INetwork network, CancellationToken cancellation)
    {
        Nudge connected = new(time);
        network.ConnectionOpened += OnConnected;
        try
        {
            while (true)
            {
                if (_pace.Take(gossip.Subscribers(topic)))
                    await gossip.PublishAsync(topic, HeartbeatCodec.Encode(status() with { Run = _run, Sequence = ++_sequence }), cancellation);
                await connected.WaitAsync(_pace.Pause, cancellation);
            }
        }
        finally
        {
            network.ConnectionOpened -= OnConnected;
        }

        void OnConnected(IPeerConnection connection)
        {
            _pace.Connected();
            connected.Set();
        }
    }

    /// <summary>Whether a heartbeat is passed on. It is delivered here as well, not by the subscription, so that none waits behind another.</summary>
    private Verdict Judge(PubSubMessage message)
    {
        if (message.From is null || !HeartbeatCodec.TryDecode(message.Data.Span, out MemberStatus? told))
            return Verdict.Reject;
        if (!view.Offer(message.From, told, message.Via))
            return Verdict.Ignore;
        if (told.Neighbours.Count > FewNeighbours)
            message.IsSentTo = peer => told.Neighbours.Contains(PeerTail.Of(peer));
        return Verdict.Accept;
    }
}

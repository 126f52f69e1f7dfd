using Microsoft.Extensions.Logging;
using P2PMiner.P2P;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.Node.Cluster.Discovery;

/// <summary>
/// Tells members of the cluster from others, and does not keep the others: a member subscribes to the cluster's
/// heartbeats. Thread-safe.
/// </summary>
/// <param name="statusTopic">Topic of the heartbeats.</param>
/// <param name="time">Measures how long a peer had time.</param>
/// <param name="logger">Told of peers that are let go.</param>
internal sealed class MemberGate(string statusTopic, TimeProvider time, ILogger logger)
{
    /// <summary>How long a connected peer has for its subscription; far more than it needs on a machine that is busy.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>How long a peer that was let go stays unwelcome.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Peers remembered as strangers; beyond it the oldest are forgotten.</summary>
    private const int MaxStrangers = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, long> _strangers = [];
    private readonly Queue<PeerId> _order = [];

    /// <summary>False for a peer that was let go a short time ago.</summary>
    public bool IsWelcome(PeerId peer)
    {
        lock (_lock)
            return !_strangers.TryGetValue(peer, out long since) || time.GetElapsedTime(since) > Rest;
    }

    /// <summary>The connected members, in no order.</summary>
    public IReadOnlyList<PeerId> Members(Host host) => host.PubSub!.Subscribers(statusTopic);

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(Host host, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            HashSet<PeerId> members = [.. Members(host)];
            foreach (IPeerConnection connection in host.Network.Connections)
            {
                if (time.GetUtcNow() - connection.Opened < Patience || members.Contains(connection.RemotePeer))
                    continue;
                Remember(connection.RemotePeer);
                logger.LogInformation("Peer {Peer} is no member of this cluster: let go", connection.RemotePeer);
                await host.Network.DisconnectAsync(connection.RemotePeer, cancellation);
            }
        }
    }

    private void Remember(PeerId stranger)
    {
        lock (_lock)
        {
            if (!_strangers.ContainsKey(stranger))
                _order.Enqueue(stranger);
            _strangers[stranger] = time.GetTimestamp();
            if (_order.Count > MaxStrangers)
                _strangers.Remove(_order.Dequeue());
        }
    }
}

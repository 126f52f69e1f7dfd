using System.Collections.Concurrent;
using P2PMiner.P2P;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.Node.Cluster;

/// <summary>Measures the round trips of this node's connections, one after another, for those who look at the cluster.</summary>
/// <param name="time">Paces the measuring.</param>
internal sealed class Latencies(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>A member that takes longer has no latency worth telling.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>Soon after the start, so that a new node has something to show.</summary>
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<PeerId, TimeSpan> _measured = new();

    /// <summary>The last round trip; null when there is no connection or it has not been measured.</summary>
    public TimeSpan? Of(PeerId peer) => _measured.TryGetValue(peer, out TimeSpan latency) ? latency : null;

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(Host host, CancellationToken cancellation)
    {
        await Task.Delay(First, time, cancellation);
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            IReadOnlyList<IPeerConnection> connections = host.Network.Connections;
            foreach (PeerId gone in _measured.Keys.Except(connections.Select(connection => connection.RemotePeer)))
                _measured.TryRemove(gone, out _);
            foreach (IPeerConnection connection in connections)
                await MeasureAsync(connection, cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    private async Task MeasureAsync(IPeerConnection connection, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Longest);
        try
        {
            _measured[connection.RemotePeer] = await connection.PingAsync(limit.Token);
        }
        catch (Exception error) when (error is IOException or TimeoutException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            _measured.TryRemove(connection.RemotePeer, out _);
        }
    }
}

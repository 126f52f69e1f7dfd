using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.PubSub.Sessions;

/// <summary>Connects to peers that others name, and keeps the connections to direct peers. Overflow: what is too much at once is not tried.</summary>
internal sealed class PeerConnector(INetwork network, PubSubOptions options, TaskTracker tasks, ILogger logger, CancellationToken stopping)
{
    private static readonly TimeSpan DirectInterval = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AddressLifetime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan DialTimeout = TimeSpan.FromSeconds(30);

    private TimeSpan _nextDirect;
    private int _connecting;

    /// <summary>Begins to connect; does not call the network on this thread.</summary>
    internal void Connect(PeerId peer, IReadOnlyList<Multiaddr> addresses)
    {
        if (Interlocked.Increment(ref _connecting) > options.Limits.MaxExchangedPeers)
            Interlocked.Decrement(ref _connecting);
        else
            tasks.Run(() => ConnectAsync(peer, addresses));
    }

    /// <summary>Connects to direct peers that are not connected, at the start and every five minutes.</summary>
    internal void Heartbeat()
    {
        if (options.DirectPeers.Count == 0 || network.Time.Monotonic() < _nextDirect)
            return;
        _nextDirect = network.Time.Monotonic() + DirectInterval;
        foreach (PeerId peer in options.DirectPeers)
        {
            if (network.FindConnection(peer) is null)
                Connect(peer, []);
        }
    }

    private async Task ConnectAsync(PeerId peer, IReadOnlyList<Multiaddr> addresses)
    {
        try
        {
            if (addresses.Count > 0)
                network.Peers.AddAddresses(peer, addresses, AddressLifetime);
            using CancellationTokenSource timeout = new(DialTimeout, network.Time);
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
            await network.ConnectAsync(peer, cancellation.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            PubSubLog.NotReached(logger, peer, e.Message);
        }
        finally
        {
            Interlocked.Decrement(ref _connecting);
        }
    }
}

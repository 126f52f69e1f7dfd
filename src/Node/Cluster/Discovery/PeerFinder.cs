using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.P2P;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Discovery;

/// <summary>Connects to peers that any kind of discovery has found, a few at a time.</summary>
/// <param name="host">Dials, and knows the peers' addresses.</param>
/// <param name="isWelcome">Whether a peer may be connected to.</param>
/// <param name="logger">Told, at level debug, of peers that do not answer.</param>
internal sealed class PeerFinder(Host host, Func<PeerId, bool> isWelcome, ILogger logger)
{
    /// <summary>Enough connections for any mesh; the peers beyond are reached through others. Those that dial us count, too.</summary>
    public const int WantedConnections = 48;

    /// <summary>Peers that wait to be dialled; more are left out until they are found again.</summary>
    private const int Capacity = 64;

    private const int Workers = 4;

    private readonly Channel<PeerId> _found = Channel.CreateBounded<PeerId>(
        new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Takes note of a peer whose addresses the peer store has. Returns at once.</summary>
    public void Add(PeerId peer)
    {
        if (IsWanted(peer))
            _found.Writer.TryWrite(peer);
    }

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => ConnectAllAsync(cancellation)));

    private bool IsWanted(PeerId peer) =>
        !peer.Equals(host.Id)
        && host.Network.FindConnection(peer) is null
        && host.Network.Connections.Count < WantedConnections
        && isWelcome(peer);

    private async Task ConnectAllAsync(CancellationToken cancellation)
    {
        await foreach (PeerId peer in _found.Reader.ReadAllAsync(cancellation))
        {
            if (!IsWanted(peer))
                continue;
            try
            {
                await host.ConnectAsync(peer, cancellation);
            }
            catch (Exception error) when (error is IOException or TimeoutException)
            {
                logger.LogDebug("No connection to {Peer}: {Reason}", peer, error.Message);
            }
        }
    }
}

using Microsoft.Extensions.Logging;
using P2PMiner.P2P;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.Node.Cluster.Discovery;

/// <summary>Says in the DHT that this node belongs to the cluster, and finds the others that say so.</summary>
/// <param name="host">Its DHT is on.</param>
/// <param name="key">What the cluster's nodes provide.</param>
/// <param name="found">Gets each provider; its addresses are in the peer store.</param>
/// <param name="time">Paces the searches.</param>
/// <param name="logger">Told, at level debug, how they end.</param>
internal sealed class DhtFinder(Host host, Multihash key, Action<PeerId> found, TimeProvider time, ILogger logger)
{
    /// <summary>While the node is new to the network.</summary>
    private static readonly TimeSpan FirstInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan AddressLifetime = TimeSpan.FromHours(1);

    /// <summary>Searches at the short interval, counted from the first peer on.</summary>
    private const int FirstSearches = 6;

    /// <summary>Of one search.</summary>
    private const int MaxProviders = 64;

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        for (int searches = 0; ;)
        {
            await Task.Delay(searches < FirstSearches ? FirstInterval : Interval, time, cancellation);
            if (host.Dht!.RoutingTable.Count == 0)
            {
                searches = 0;
                continue;
            }
            searches++;
            await SearchAsync(host.Dht, cancellation);
        }
    }

    private async Task SearchAsync(KademliaDht dht, CancellationToken cancellation)
    {
        try
        {
            ProvideResult announced = await dht.ProvideAsync(key, cancellation: cancellation);
            FindProvidersResult providers = await dht.FindProvidersAsync(key, MaxProviders, cancellation: cancellation);
            logger.LogDebug("DHT: announced at {Count} peers, found {Providers} of the cluster", announced.SentTo.Count, providers.Providers.Count);
            foreach (DhtProvider provider in providers.Providers)
            {
                host.Network.Peers.AddAddresses(provider.Peer, provider.Addresses, AddressLifetime);
                found(provider.Peer);
            }
        }
        catch (InvalidOperationException error)
        {
            // The host listens on no address that could be announced: interfaces come and go.
            logger.LogDebug("DHT: {Reason}", error.Message);
        }
    }
}

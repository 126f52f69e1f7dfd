using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.P2P;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>Says in the DHT whose datasets this node hosts, and finds hosts of those that it needs and no member is known to have.</summary>
/// <param name="host">Its DHT is on.</param>
/// <param name="providerKey">What hosts of a key's dataset provide.</param>
/// <param name="hosted">Keys whose datasets this node shares.</param>
/// <param name="wanted">Keys whose datasets are looked for.</param>
/// <param name="found">Gets each provider; its addresses are in the peer store.</param>
/// <param name="time">Paces.</param>
/// <param name="logger">Told, at level debug, how searches end.</param>
internal sealed class DatasetProviders(
    Host host, Func<Hash256, Multihash> providerKey, Func<IReadOnlyList<Hash256>> hosted, Func<IReadOnlyList<Hash256>> wanted,
    Action<PeerId> found, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AddressLifetime = TimeSpan.FromHours(1);

    /// <summary>Of one search.</summary>
    private const int MaxProviders = 16;

    private readonly HashSet<Hash256> _announced = [];

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            if (host.Dht is not { } dht || dht.RoutingTable.Count == 0)
                continue;
            try
            {
                await AnnounceAsync(dht, hosted(), cancellation);
                foreach (Hash256 key in wanted())
                    await SearchAsync(dht, key, cancellation);
            }
            catch (InvalidOperationException error)
            {
                // The host listens on no address that could be announced: interfaces come and go.
                logger.LogDebug("DHT: {Reason}", error.Message);
            }
        }
    }

    private async Task AnnounceAsync(KademliaDht dht, IReadOnlyList<Hash256> keys, CancellationToken cancellation)
    {
        foreach (Hash256 key in _announced.Except(keys).ToArray())
        {
            dht.StopProviding(providerKey(key));
            _announced.Remove(key);
        }
        foreach (Hash256 key in keys.Where(key => !_announced.Contains(key)))
        {
            ProvideResult announced = await dht.ProvideAsync(providerKey(key), cancellation: cancellation);
            if (announced.SentTo.Count > 0)
                _announced.Add(key);
        }
    }

    private async Task SearchAsync(KademliaDht dht, Hash256 key, CancellationToken cancellation)
    {
        FindProvidersResult providers = await dht.FindProvidersAsync(providerKey(key), MaxProviders, cancellation: cancellation);
        logger.LogDebug("DHT: {Count} hosts of the dataset of key {Key}", providers.Providers.Count, key);
        foreach (DhtProvider provider in providers.Providers)
        {
            host.Network.Peers.AddAddresses(provider.Peer, provider.Addresses, AddressLifetime);
            found(provider.Peer);
        }
    }
}

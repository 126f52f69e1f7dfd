using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Tests.PubSub.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>How much a host holds in everything that could grow, by name.</summary>
internal static class HostTables
{
    internal static Dictionary<string, long> Of(Host host)
    {
        var swarm = (Swarm)host.Network;
        DhtLifetime dht = host.Dht!.Lifetime;
        Leftovers now = Leftovers.Of(host);
        Dictionary<string, long> sizes = new(host.PubSub!.Inspect(RouterTables.Of))
        {
            ["connections"] = now.Connections,
            ["streams"] = now.Streams,
            ["handshakes"] = now.Handshakes,
            ["dials"] = now.Dials,
            ["handlers"] = now.Handlers,
            ["stream memory"] = swarm.Services.Memory.Used + swarm.Connections.Sum(static connection => ((Connection)connection).MemoryUsed),
            ["identify states"] = host.IdentifyService.Count,
            ["peer store"] = swarm.Peers.Count,
            ["dial back-offs"] = swarm.Dialer.Backoff.Count,
            ["remote addresses"] = swarm.Gate.Hosts,
            ["pubsub retries"] = host.PubSub.RetryCount,
            ["contacts"] = host.Dht.RoutingTable.Count,
            ["values"] = host.Dht.StoredRecords,
            ["providers"] = host.Dht.StoredProviders,
            ["publications"] = dht.Node!.Publications.Count,
            ["resting DHT streams"] = dht.Messages!.IdleStreams,
            ["rates of askers"] = dht.Rates!.Count,
        };
        return sizes;
    }
}

using System.Diagnostics.Metrics;

namespace P2PMiner.P2P.Network;

/// <summary>The meter of this library and the instruments of all its parts; reading them costs nothing while nobody listens.</summary>
internal static class P2PMetrics
{
    /// <summary>Name of the meter.</summary>
    internal const string MeterName = "P2PMiner.P2P";

    internal static readonly Meter Meter = new(MeterName);

    /// <summary>Queries of the DHT by kind, and whether they were cut short.</summary>
    internal static readonly Counter<long> DhtQueries = Meter.CreateCounter<long>("p2p.dht.queries");

    internal static readonly Histogram<double> DhtQueryDuration = Meter.CreateHistogram<double>("p2p.dht.query.duration", "s");

    /// <summary>Contacts in the routing tables of this process.</summary>
    internal static readonly UpDownCounter<long> DhtTableSize = Meter.CreateUpDownCounter<long>("p2p.dht.table.size");

    /// <summary>Requests of others by type.</summary>
    internal static readonly Counter<long> DhtRequestsServed = Meter.CreateCounter<long>("p2p.dht.requests.served");

    /// <summary>Bytes that came in over multiplexed connections, without the overhead of encryption.</summary>
    internal static readonly Counter<long> BytesReceived = Meter.CreateCounter<long>("p2p.bytes.received", "By");

    /// <summary>Bytes that went out, counted likewise.</summary>
    internal static readonly Counter<long> BytesSent = Meter.CreateCounter<long>("p2p.bytes.sent", "By");

    /// <summary>Streams opened by either side.</summary>
    internal static readonly Counter<long> StreamsOpened = Meter.CreateCounter<long>("p2p.streams.opened");
}

using System.Diagnostics.Metrics;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Mdns;

/// <summary>Counts packets.</summary>
internal static class MdnsMetrics
{
    internal static readonly Counter<long> Sent =
        P2PMetrics.Meter.CreateCounter<long>("p2p.mdns.sent", "{packet}", "mDNS questions and answers sent.");

    internal static readonly Counter<long> Received =
        P2PMetrics.Meter.CreateCounter<long>("p2p.mdns.received", "{packet}", "mDNS packets read, of any service.");

    internal static readonly Counter<long> Dropped =
        P2PMetrics.Meter.CreateCounter<long>("p2p.mdns.dropped", "{packet}", "mDNS packets dropped, above the rate or for want of room.");
}

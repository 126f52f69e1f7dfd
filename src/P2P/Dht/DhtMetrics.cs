using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Dht;

/// <summary>Counts what the DHT does.</summary>
internal static class DhtMetrics
{
    internal static void QueryFinished(string kind, string ended, TimeSpan elapsed)
    {
        KeyValuePair<string, object?> kindTag = new("kind", kind);
        KeyValuePair<string, object?> endedTag = new("ended", ended);
        P2PMetrics.DhtQueries.Add(1, kindTag, endedTag);
        P2PMetrics.DhtQueryDuration.Record(elapsed.TotalSeconds, kindTag, endedTag);
    }

    internal static void TableChanged(int change) => P2PMetrics.DhtTableSize.Add(change);

    internal static void Served(DhtMessageType type, bool refused)
    {
        if (P2PMetrics.DhtRequestsServed.Enabled)
            P2PMetrics.DhtRequestsServed.Add(1, new("type", type.ToString()), new("refused", refused));
    }
}

namespace P2PMiner.P2P.Dht.Routing;

/// <summary>Bounds of a routing table; see <see cref="DhtOptions"/> for their defaults.</summary>
/// <param name="BucketSize">Contacts per common prefix length, k.</param>
/// <param name="PerGroup">Contacts of one group of public addresses in the whole table.</param>
/// <param name="PerGroupAndBucket">The same in one bucket.</param>
internal sealed record RoutingTableLimits(int BucketSize, int PerGroup, int PerGroupAndBucket)
{
    /// <summary>Failed requests in a row after which a contact goes even though nobody waits for its place.</summary>
    internal const int MaxFailures = 2;
}

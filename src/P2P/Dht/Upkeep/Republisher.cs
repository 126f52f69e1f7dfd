using P2PMiner.P2P.Dht.Queries;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Storage;

namespace P2PMiner.P2P.Dht.Upkeep;

/// <summary>
/// Announces what we provide and publish again before others forget it (libp2p/specs, kad-dht/README.md, "Provider Record Republish
/// Interval"), and forgets what others announced and did not repeat.
/// </summary>
internal sealed class Republisher(
    Publications publications,
    RoutingTable table,
    ProviderQueries providers,
    ValueQueries values,
    RecordStore records,
    ProviderStore announced,
    RecordRules rules,
    TimeProvider time)
{
    /// <summary>Announcements under way at once; each is a lookup and up to k messages.</summary>
    private const int MaxAtOnce = 3;

    private static readonly TimeSpan Tick = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromHours(1);

    internal async Task RunAsync(CancellationToken cancellation)
    {
        using PeriodicTimer timer = new(Tick, time);
        DateTimeOffset nextExpiry = time.GetUtcNow() + ExpiryInterval;
        while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
        {
            if (time.GetUtcNow() >= nextExpiry)
            {
                nextExpiry += ExpiryInterval;
                records.Expire();
                announced.Expire();
            }
            await RepublishAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task RepublishAsync(CancellationToken cancellation)
    {
        IReadOnlyList<Publication> due = table.Count == 0 ? [] : publications.Due(table.Count);
        ParallelOptions limits = new() { MaxDegreeOfParallelism = MaxAtOnce, CancellationToken = cancellation };
        await Parallel.ForEachAsync(due, limits, async (publication, token) =>
        {
            if (IsSuperseded(publication))
            {
                publications.Remove(publication.Key, isValue: true);
                return;
            }
            int receivers = publication.Value is ReadOnlyMemory<byte> value
                ? (await values.PutAsync(publication.Key, value, null, token).ConfigureAwait(false)).StoredAt.Count
                : (await providers.AnnounceAsync(publication.Key, null, token).ConfigureAwait(false)).SentTo.Count;
            publications.Announced(publication, receivers, table.Count);
        }).ConfigureAwait(false);
    }

    /// <summary>True if somebody stored a better value here: nobody would take ours any more.</summary>
    private bool IsSuperseded(Publication publication) =>
        publication.Value is ReadOnlyMemory<byte> value
        && records.Find(publication.Key) is StoredRecord stored
        && !stored.Value.Span.SequenceEqual(value.Span)
        && rules.ValidatorOf(publication.Key.Span)?.Compare(publication.Key.Span, stored.Value.Span, value.Span) > 0;
}

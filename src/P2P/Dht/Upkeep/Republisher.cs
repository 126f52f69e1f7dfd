using Microsoft.Extensions.Logging;
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
    TimeProvider time,
    ILogger logger)
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
        await Parallel.ForEachAsync(
            due, limits, async (publication, token) => await AnnounceAsync(publication, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task AnnounceAsync(Publication publication, CancellationToken cancellation)
    {
        int receivers;
        if (publication.Value is not ReadOnlyMemory<byte> value)
        {
            receivers = (await providers.AnnounceAsync(publication.Key, null, cancellation).ConfigureAwait(false)).SentTo.Count;
        }
        else if (rules.Accept(publication.Key.Span, value.Span) is not IRecordValidator validator)
        {
            // It was valid once, but records may run out, and nobody takes one that has.
            DhtLog.PublicationDropped(logger, Convert.ToHexStringLower(publication.Key.Span));
            publications.Drop(publication);
            return;
        }
        else if (IsSuperseded(publication.Key, value, validator))
        {
            publications.Drop(publication);
            return;
        }
        else
        {
            receivers = (await values.PutAsync(publication.Key, value, validator, null, cancellation).ConfigureAwait(false)).StoredAt.Count;
        }
        publications.Announced(publication, receivers, table.Count);
    }

    /// <summary>True if somebody stored a better value here: nobody would take ours any more.</summary>
    private bool IsSuperseded(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, IRecordValidator validator) =>
        records.Find(key) is StoredRecord stored
        && !stored.Value.Span.SequenceEqual(value.Span)
        && validator.Compare(key.Span, stored.Value.Span, value.Span) > 0;
}

using P2PMiner.P2P.Dht.Queries;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Upkeep;

/// <summary>
/// Keeps the table filled (libp2p/specs, kad-dht/README.md, "Bootstrap process"): looks for ourselves and for a random peer of every bucket,
/// soon after the first contact, a minute later, and then at intervals.
/// </summary>
internal sealed class Refresher(
    RoutingTable table, PeerQueries queries, ContactChecker checker, PeerId local, DhtOptions options, TimeProvider time, Random random)
{
    /// <summary>When all start together, the first round finds few; the next one does not wait for the interval.</summary>
    private static readonly TimeSpan SecondRound = TimeSpan.FromMinutes(1);

    /// <summary>Raised after every round.</summary>
    internal event Action? Refreshed;

    internal async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await TableWatch.UntilOccupiedAsync(table, cancellation).ConfigureAwait(false);
            await Task.Delay(options.FirstLookupDelay, time, cancellation).ConfigureAwait(false);
            TimeSpan pause = options.RefreshInterval < SecondRound ? options.RefreshInterval : SecondRound;
            while (table.Count > 0)
            {
                await RefreshAsync(cancellation).ConfigureAwait(false);
                await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
                pause = options.RefreshInterval;
            }
        }
    }

    /// <summary>One round.</summary>
    internal async Task RefreshAsync(CancellationToken cancellation)
    {
        await checker.CheckStaleAsync(cancellation).ConfigureAwait(false);
        await LookupAsync(local.Bytes.ToArray(), cancellation).ConfigureAwait(false);
        foreach (int prefixLength in table.OccupiedBuckets().TakeWhile(length => length <= RandomKeys.MaxPrefixLength))
            await LookupAsync(RandomKeys.In(table.LocalKey, prefixLength, random), cancellation).ConfigureAwait(false);
        Refreshed?.Invoke();
    }

    private async Task LookupAsync(byte[] key, CancellationToken cancellation)
    {
        DhtQueryOptions how = new() { Timeout = options.RefreshTimeout };
        await queries.GetClosestAsync(key, how, cancellation, "refresh").ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
    }
}

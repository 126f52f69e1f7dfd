using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Lookups;

/// <summary>What all queries of one DHT share: whom to start from, how to ask, how long to take.</summary>
/// <param name="network">The network.</param>
/// <param name="table">Where lookups start from.</param>
/// <param name="requester">Makes the single requests.</param>
/// <param name="options">Parameters.</param>
/// <param name="time">Clock.</param>
/// <param name="random">Spreads starting peers over the paths; taken under a lock.</param>
[SuppressMessage("Reliability", "CA1001", Justification = "neither holds a timer or a handle, and queries may end after their engine")]
internal sealed class QueryEngine(
    IDhtNetwork network, RoutingTable table, Requester requester, DhtOptions options, TimeProvider time, Random random)
{
    /// <summary>Queries that run at once; more wait for one of them to end.</summary>
    private const int MaxQueries = 128;

    private readonly SemaphoreSlim _slots = new(MaxQueries);
    private readonly CancellationTokenSource _stopping = new();
    private readonly LookupSettings _settings = new(options.BucketSize, options.Concurrency, options.DisjointPaths ?? options.Concurrency);

    internal IDhtNetwork Network => network;

    internal RoutingTable Table => table;

    internal DhtOptions Options => options;

    internal TimeProvider Time => time;

    internal Requester Requester => requester;

    /// <summary>Begins a query; wait for <see cref="Query.EnterAsync"/> before the first request.</summary>
    /// <param name="kind">Name for the metrics.</param>
    /// <param name="how">Time limit and progress.</param>
    /// <param name="cancellation">Ends the query early, which then has what it found so far.</param>
    internal Query Begin(string kind, DhtQueryOptions? how, CancellationToken cancellation) =>
        new(this, kind, how ?? new DhtQueryOptions(), _slots, _stopping.Token, cancellation);

    /// <summary>A lookup over disjoint paths. Waits a little for a first peer when the table is empty.</summary>
    /// <returns>The peers that answered, the nearest first.</returns>
    internal async Task<IReadOnlyList<LookupPeer>> LookupAsync(
        ReadOnlyMemory<byte> key, DhtMessage request, QueryTrace trace, Func<LookupPeer, DhtMessage, bool> onAnswer, CancellationToken limit)
    {
        KadKey target = KadKey.Of(key.Span);
        await WaitForPeerAsync(limit).ConfigureAwait(false);
        PeerId[] start = [.. table.Closest(target, options.BucketSize).Select(contact => contact.Peer)];
        lock (random)
            random.Shuffle(start);
        Lookup lookup = new(
            target,
            _settings,
            network,
            options.AddressScope,
            (peer, path, token) => requester.RequestAsync(peer, request, trace, path, token),
            trace);
        await lookup.RunAsync(start, onAnswer, limit).ConfigureAwait(false);
        return lookup.Answered;
    }

    /// <summary>Ends all queries; they return what they have.</summary>
    internal void Stop() => _stopping.Cancel();

    private async Task WaitForPeerAsync(CancellationToken limit)
    {
        try
        {
            // If none comes, the lookup has nobody to ask and ends at once, with what the caller has himself.
            await TableWatch.HasContactAsync(table, options.FirstPeerWait, time, limit).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // So it does when its time is over.
        }
    }
}

using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Lookups;

/// <summary>One query under way: its limits, its trace, and its end.</summary>
internal sealed class Query : IDisposable
{
    /// <summary>The share of a storing query's time that its lookup may take, so that some is left for storing.</summary>
    private const double LookupShare = 0.7;

    private readonly QueryEngine _engine;
    private readonly string _kind;
    private readonly SemaphoreSlim _slots;
    private readonly CancellationToken _stopping;
    private readonly CancellationToken _caller;
    private readonly TimeSpan _timeout;
    private readonly long _begun;
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _limit;
    private bool _entered;

    internal Query(
        QueryEngine engine, string kind, DhtQueryOptions how, SemaphoreSlim slots, CancellationToken stopping, CancellationToken caller)
    {
        (_engine, _kind, _slots, _stopping, _caller) = (engine, kind, slots, stopping, caller);
        _timeout = how.Timeout ?? engine.Options.QueryTimeout;
        _begun = engine.Time.GetTimestamp();
        _timer = new CancellationTokenSource(_timeout, engine.Time);
        _limit = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, stopping, caller);
        Trace = new QueryTrace(how.Progress);
    }

    internal QueryTrace Trace { get; }

    /// <summary>Cancelled when the query has to end.</summary>
    internal CancellationToken Limit => _limit.Token;

    /// <summary>Waits for a place among the queries that run at once.</summary>
    /// <returns>False if the query has to end before it began.</returns>
    internal async Task<bool> EnterAsync()
    {
        try
        {
            await _slots.WaitAsync(Limit).ConfigureAwait(false);
            _entered = true;
        }
        catch (OperationCanceledException)
        {
            // Its end says so.
        }
        return _entered;
    }

    /// <summary>A lookup for the whole time of the query.</summary>
    internal async Task<IReadOnlyList<LookupPeer>> LookupAsync(DhtMessage request, Func<LookupPeer, DhtMessage, bool> onAnswer) =>
        await EnterAsync().ConfigureAwait(false)
            ? await _engine.LookupAsync(request.Key, request, Trace, onAnswer, Limit).ConfigureAwait(false)
            : [];

    /// <summary>The k closest peers that answered, found in time to send them something.</summary>
    internal async Task<IReadOnlyList<PeerId>> FindReceiversAsync(ReadOnlyMemory<byte> key)
    {
        if (!await EnterAsync().ConfigureAwait(false))
            return [];
        using CancellationTokenSource share = new(_timeout * LookupShare, _engine.Time);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(share.Token, Limit);
        DhtMessage request = new(DhtMessageType.FindNode, key);
        IReadOnlyList<LookupPeer> answered =
            await _engine.LookupAsync(key, request, Trace, static (_, _) => false, limit.Token).ConfigureAwait(false);
        return Closest(answered);
    }

    /// <summary>The k nearest of the peers that answered.</summary>
    internal IReadOnlyList<PeerId> Closest(IReadOnlyList<LookupPeer> answered)
    {
        List<PeerId> closest = [.. answered.Take(_engine.Options.BucketSize).Select(peer => peer.Peer)];
        closest.ForEach(Trace.Final);
        return closest;
    }

    /// <summary>Runs something for each of the peers, as many at once as a lookup asks.</summary>
    /// <returns>Those for which it gave true, in their order.</returns>
    internal async Task<IReadOnlyList<PeerId>> ForEachAsync(IReadOnlyList<PeerId> peers, Func<PeerId, CancellationToken, Task<bool>> send)
    {
        using SemaphoreSlim places = new(_engine.Options.Concurrency);
        bool[] done = await Task.WhenAll(peers.Select(async peer =>
        {
            await places.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            try
            {
                return await send(peer, Limit).ConfigureAwait(false);
            }
            finally
            {
                places.Release();
            }
        })).ConfigureAwait(false);
        return [.. peers.Where((_, i) => done[i])];
    }

    /// <summary>What the query took; also counts it in the metrics.</summary>
    internal DhtStats Finish()
    {
        string? ended = null;
        if (_caller.IsCancellationRequested)
            ended = "cancelled";
        else if (_stopping.IsCancellationRequested)
            ended = "stopped";
        else if (_timer.IsCancellationRequested)
            ended = "timeout";
        TimeSpan elapsed = _engine.Time.GetElapsedTime(_begun);
        DhtMetrics.QueryFinished(_kind, ended ?? "done", elapsed);
        return Trace.ToStats(ended, elapsed);
    }

    public void Dispose()
    {
        if (_entered)
            _slots.Release();
        _limit.Dispose();
        _timer.Dispose();
    }
}

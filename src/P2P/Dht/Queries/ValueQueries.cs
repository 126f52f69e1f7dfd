using P2PMiner.P2P.Dht.Lookups;
using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Queries;

/// <summary>Storing and fetching values (libp2p/specs, kad-dht/README.md, "Value storage and retrieval").</summary>
internal sealed class ValueQueries(QueryEngine engine, RecordStore store, RecordRules rules)
{
    private readonly PeerId _local = engine.Network.LocalPeer;

    /// <summary>Keeps a valid value here and sends it to the k closest peers.</summary>
    /// <exception cref="ArgumentException">No validator takes the key and the value.</exception>
    internal Task<PutValueResult> PutAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, DhtQueryOptions? how, CancellationToken cancellation)
    {
        IRecordValidator validator = rules.Accept(key.Span, value.Span)
            ?? throw new ArgumentException("the key is of no known namespace, or the value is not valid under it", nameof(value));
        return PutAsync(key, value, validator, how, cancellation);
    }

    /// <summary>The same with a value that its validator has just accepted.</summary>
    internal async Task<PutValueResult> PutAsync(
        ReadOnlyMemory<byte> key,
        ReadOnlyMemory<byte> value,
        IRecordValidator validator,
        DhtQueryOptions? how,
        CancellationToken cancellation)
    {
        using Query query = engine.Begin("put_value", how, cancellation);
        store.TryPut(key, value, _local, validator);
        IReadOnlyList<PeerId> receivers = await query.FindReceiversAsync(key).ConfigureAwait(false);
        IReadOnlyList<PeerId> storedAt = await query.ForEachAsync(
            receivers, (peer, limit) => SendAsync(peer, key, value, query.Trace, limit)).ConfigureAwait(false);
        return new PutValueResult(storedAt, query.Finish());
    }

    /// <summary>Asks the network for a value, even if there is one here.</summary>
    /// <exception cref="ArgumentException">The key is of no known namespace.</exception>
    internal async Task<GetValueResult> GetAsync(
        ReadOnlyMemory<byte> key, int? quorum, DhtQueryOptions? how, CancellationToken cancellation)
    {
        IRecordValidator validator = rules.ValidatorOf(key.Span)
            ?? throw new ArgumentException("the key is of no known namespace", nameof(key));
        using Query query = engine.Begin("get_value", how, cancellation);
        ValueTally tally = new(key, validator, quorum, rules, query.Trace);
        if (store.Find(key) is StoredRecord local)
            tally.Count(_local, local.Value);
        IReadOnlyList<LookupPeer> answered = tally.IsEnough
            ? []
            : await query.LookupAsync(new DhtMessage(DhtMessageType.GetValue, key), tally.Take).ConfigureAwait(false);
        DhtStats stats = query.Finish();
        if (tally is not { Best: ReadOnlyMemory<byte> best, From: PeerId from })
            return new GetValueResult(null, null, stats, Task.CompletedTask);
        if (!from.Equals(_local) && store.Find(key) is not null)
            store.TryPut(key, best, from, validator);
        IReadOnlyList<PeerId> outdated = tally.Outdated(answered.Take(engine.Options.BucketSize), _local);
        return new GetValueResult(best, from, stats, stats.Ended is null ? CorrectAsync(key, best, outdated) : Task.CompletedTask);
    }

    /// <summary>Sends the best value to those that had a worse one or none ("Entry correction").</summary>
    private async Task CorrectAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> best, IReadOnlyList<PeerId> outdated)
    {
        if (outdated.Count == 0)
            return;
        // The caller has his value and shall not wait for this.
        await Task.Yield();
        using Query query = engine.Begin("correct_value", null, CancellationToken.None);
        if (await query.EnterAsync().ConfigureAwait(false))
            await query.ForEachAsync(outdated, (peer, limit) => SendAsync(peer, key, best, query.Trace, limit)).ConfigureAwait(false);
        query.Finish();
    }

    private async Task<bool> SendAsync(
        PeerId peer, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, QueryTrace trace, CancellationToken limit)
    {
        DhtMessage request = new(DhtMessageType.PutValue, key)
        {
            Record = new DhtRecord(key, value, Rfc3339.Format(engine.Time.GetUtcNow())),
        };
        DhtMessage? answer = await engine.Requester.RequestAsync(peer, request, trace, DhtEvent.NoPath, limit).ConfigureAwait(false);
        if (answer is null)
            return false;
        if (answer.Record is DhtRecord echo && echo.Value.Span.SequenceEqual(value.Span))
            return true;
        trace.Fail(peer, DhtMessageType.PutValue, "InvalidDataException: the answer does not carry the value", DhtEvent.NoPath);
        return false;
    }
}

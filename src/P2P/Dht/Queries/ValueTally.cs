using P2PMiner.P2P.Dht.Lookups;
using P2PMiner.P2P.Dht.Storage;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Queries;

/// <summary>Who had which value in one search, and which is the best of them.</summary>
/// <param name="key">Key looked for.</param>
/// <param name="validator">Its namespace's.</param>
/// <param name="quorum">Values after which the search may stop; null = when the lookup is done.</param>
/// <param name="rules">Checks values.</param>
/// <param name="trace">Told every valid value.</param>
internal sealed class ValueTally(ReadOnlyMemory<byte> key, IRecordValidator validator, int? quorum, RecordRules rules, QueryTrace trace)
{
    private readonly Dictionary<PeerId, ReadOnlyMemory<byte>> _values = [];

    /// <summary>The best value so far, or null.</summary>
    internal ReadOnlyMemory<byte>? Best { get; private set; }

    /// <summary>Who had the best value first.</summary>
    internal PeerId? From { get; private set; }

    internal bool IsEnough => _values.Count >= quorum;

    /// <returns>True when enough peers had a value.</returns>
    internal bool Take(LookupPeer from, DhtMessage answer)
    {
        if (answer.Record is not DhtRecord record)
            return false;
        if (record.Key.Span.SequenceEqual(key.Span) && rules.Accept(key.Span, record.Value.Span) is not null)
            Count(from.Peer, record.Value);
        else
            trace.Fail(from.Peer, DhtMessageType.GetValue, "InvalidDataException: a record that is not valid for the key", DhtEvent.NoPath);
        return IsEnough;
    }

    internal void Count(PeerId from, ReadOnlyMemory<byte> value)
    {
        trace.Value(from, value);
        _values[from] = value;
        if (Best is ReadOnlyMemory<byte> best
            && (best.Span.SequenceEqual(value.Span) || validator.Compare(key.Span, best.Span, value.Span) >= 0))
            return;
        (Best, From) = (value, from);
    }

    /// <summary>Those of the others that had a worse value, and of the closest peers those that had none.</summary>
    internal IReadOnlyList<PeerId> Outdated(IEnumerable<LookupPeer> closest, PeerId local)
    {
        HashSet<PeerId> outdated = [.. closest.Select(peer => peer.Peer).Where(peer => !_values.ContainsKey(peer))];
        if (Best is ReadOnlyMemory<byte> best)
            outdated.UnionWith(_values.Where(entry => !entry.Value.Span.SequenceEqual(best.Span)).Select(entry => entry.Key));
        outdated.Remove(local);
        return [.. outdated];
    }
}

namespace P2PMiner.P2P.Dht;

/// <summary>How one query is to be run.</summary>
public sealed record DhtQueryOptions
{
    /// <summary>
    /// After this the query ends with what it has, and <see cref="DhtStats.Ended"/> says so; null = <see cref="DhtOptions.QueryTimeout"/>.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Told every step, one after the other, before the query returns. It must return quickly and must not throw.</summary>
    public Action<DhtEvent>? Progress { get; init; }
}

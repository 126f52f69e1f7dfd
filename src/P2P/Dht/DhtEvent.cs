using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>A step of a query, told to <see cref="DhtQueryOptions.Progress"/>.</summary>
/// <param name="Step">What happened.</param>
/// <param name="Path">Number of the disjoint path, from 0; -1 outside of the paths.</param>
public sealed record DhtEvent(DhtStep Step, int Path = DhtEvent.NoPath)
{
    /// <summary>What <see cref="Path"/> is for steps that belong to no path.</summary>
    public const int NoPath = -1;

    /// <summary>The peer asked, or the one found.</summary>
    public PeerId? Peer { get; init; }

    /// <summary>The request that was sent or answered.</summary>
    public DhtMessageType? Message { get; init; }

    /// <summary>Closer peers in an answer.</summary>
    public IReadOnlyList<DhtPeer> Closer { get; init; } = [];

    /// <summary>Providers in an answer, or those that are new.</summary>
    public IReadOnlyList<DhtPeer> Providers { get; init; } = [];

    /// <summary>A value.</summary>
    public ReadOnlyMemory<byte>? Value { get; init; }

    /// <summary>What went wrong, in one line.</summary>
    public string? Error { get; init; }
}

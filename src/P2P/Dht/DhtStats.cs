using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>What a query took.</summary>
/// <param name="Asked">Requests sent.</param>
/// <param name="Responses">Those that were answered, and messages without an answer that were taken.</param>
/// <param name="Errors">Those that failed.</param>
/// <param name="Ended">Why it stopped before it was done: "timeout", "cancelled" or "stopped"; null if it was not.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record DhtStats(int Asked, int Responses, IReadOnlyList<DhtError> Errors, string? Ended, TimeSpan Elapsed);

/// <summary>A request that failed.</summary>
/// <param name="Peer">Who was asked.</param>
/// <param name="Error">One line: kind and reason.</param>
public sealed record DhtError(PeerId Peer, string Error)
{
    public override string ToString() => $"{Peer}: {Error}";
}

namespace P2PMiner.P2P.Yamux;

/// <summary>
/// What a remote may do how often. No honest peer does it in such numbers, and each time costs us work or an answer.
/// The burst is what may come at once; the other number is what may come per second in the long run.
/// </summary>
internal sealed class YamuxRates(TimeProvider time)
{
    /// <summary>What a stream adds to <see cref="Bodiless"/>: its ACK, FIN and RST, and one to spare.</summary>
    internal const int BodilessPerStream = 4;

    /// <summary>Streams opened. A remote that opens more is read more slowly, not cut off: only its own requests suffer.</summary>
    internal TokenBucket Opened { get; } = new(burst: 4000, perSecond: 2000, time);

    /// <summary>Streams opened over the limit of open ones.</summary>
    internal TokenBucket Refused { get; } = NewRefused(time);

    /// <summary>Streams that the remote opened and reset. A peer whose program ends may reset all that are open.</summary>
    internal TokenBucket Reset { get; } = new(burst: 2000, perSecond: 100, time);

    /// <summary>Pings, asked or answered.</summary>
    internal TokenBucket Pings { get; } = new(burst: 10_000, perSecond: 1000, time);

    /// <summary>
    /// Window updates and empty data frames. Each stream and each data frame we send allows more of them: js-libp2p grants window
    /// anew after every frame.
    /// </summary>
    internal TokenBucket Bodiless { get; } = new(burst: 10_000, perSecond: 1000, time);

    internal static TokenBucket NewRefused(TimeProvider time) => new(burst: 1000, perSecond: 10, time);
}

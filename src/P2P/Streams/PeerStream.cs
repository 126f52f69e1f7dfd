using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Streams;

/// <summary>
/// One libp2p stream: ordered bytes in both directions, each side closed on its own
/// (libp2p/specs, connections/README.md, "Definitions"). Only the asynchronous members work. One reader and one writer at a time.
/// </summary>
/// <remarks>
/// Reading gives 0 after the remote closed its side. A stream that either side reset throws <see cref="StreamResetException"/>,
/// one whose connection is gone <see cref="ConnectionClosedException"/>; both are <see cref="IOException"/>s.
/// Disposing a stream whose two sides are not both closed resets it.
/// </remarks>
public abstract class PeerStream : AsyncStream
{
    /// <summary>The connection that carries it.</summary>
    public abstract IPeerConnection Connection { get; }

    /// <summary>The protocol id agreed on for it, or the empty string before there is one.</summary>
    public string Protocol { get; internal set; } = "";

    /// <summary>Who opened it.</summary>
    public abstract Direction Direction { get; }

    /// <summary>
    /// True if who waits for bytes goes on within the loop that reads the connection, and what is written is sent within the call. That
    /// saves waking two threads for each message, but holds up the other streams of the connection: only for users who never block, and
    /// hold no lock while they write.
    /// </summary>
    public virtual bool RunsInline { get; set; }

    /// <summary>Closes our side: the remote reads to the end of what was written. Closing twice is harmless.</summary>
    public abstract ValueTask CloseWriteAsync(CancellationToken cancellation = default);

    /// <summary>Ends both directions at once; what was not delivered is lost. Harmless after the end.</summary>
    public abstract void Reset();
}

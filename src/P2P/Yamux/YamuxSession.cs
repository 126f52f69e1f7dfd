using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Yamux;

/// <summary>Many streams over one secured connection (libp2p/specs, yamux/README.md).</summary>
internal sealed class YamuxSession : IAsyncDisposable
{
    /// <summary>Id for multistream-select and for the Noise payload.</summary>
    internal const string ProtocolId = "/yamux/1.0.0";

    /// <param name="secure">Owned from here on. Read and written by one caller each, asynchronously; need not be flushed.</param>
    /// <param name="dialer">True for the side that dialled: it opens the odd stream ids.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">Clock and timers of pings, windows and rates.</param>
    /// <param name="logger">Hears why a remote was cut off.</param>
    internal YamuxSession(Stream secure, bool dialer, YamuxOptions options, TimeProvider time, ILogger logger) =>
        throw new NotSupportedException("being written");

    /// <summary>Cancelled as soon as the session is no longer usable.</summary>
    internal CancellationToken Closed => throw new NotSupportedException("being written");

    /// <summary>Done when the session has ended and the secured stream is disposed; never fails.</summary>
    internal Task Completion => throw new NotSupportedException("being written");

    /// <summary>Why the session ended; null while it has not.</summary>
    internal ConnectionClosedException? CloseReason => throw new NotSupportedException("being written");

    /// <summary>Streams that are open in either direction.</summary>
    internal int StreamCount => throw new NotSupportedException("being written");

    /// <summary>The round trip last measured; null before the first.</summary>
    internal TimeSpan? RoundTrip => throw new NotSupportedException("being written");

    /// <summary>Starts reading. To be called once.</summary>
    /// <param name="connection">What the streams give as their connection.</param>
    /// <param name="accept">Takes each stream that the remote opens; called by the reading loop, so it must return at once and not throw.</param>
    internal void Start(IPeerConnection connection, Action<YamuxStream> accept) => throw new NotSupportedException("being written");

    /// <summary>Opens a stream; waits while too many are unacknowledged.</summary>
    /// <exception cref="ConnectionClosedException">The session has ended.</exception>
    /// <exception cref="IOException">Too many streams are open.</exception>
    internal ValueTask<YamuxStream> OpenStreamAsync(CancellationToken cancellation = default) => throw new NotSupportedException("being written");

    /// <summary>Measures the round trip.</summary>
    /// <exception cref="ConnectionClosedException">The session has ended.</exception>
    internal ValueTask<TimeSpan> PingAsync(CancellationToken cancellation = default) => throw new NotSupportedException("being written");

    /// <summary>Sends what was written, tells the remote and ends the session; streams that are still open fail.</summary>
    internal ValueTask CloseAsync(CancellationToken cancellation = default) => throw new NotSupportedException("being written");

    /// <summary>Ends the session at once.</summary>
    internal void Abort(string reason) => throw new NotSupportedException("being written");

    public ValueTask DisposeAsync() => throw new NotSupportedException("being written");
}

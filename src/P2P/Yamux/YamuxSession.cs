using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Yamux;

/// <summary>Many streams over one secured connection (libp2p/specs, yamux/README.md).</summary>
/// <remarks>
/// One loop reads (<see cref="YamuxFrameReader"/> cuts, <see cref="YamuxDispatcher"/> decides), one writes (<see cref="YamuxWriter"/>),
/// a timer watches that the remote lives. Whichever finds an end first gives the reason; the rest follows in <see cref="RunAsync"/>.
/// </remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "what it owns is disposed of when it ends, on which DisposeAsync waits")]
internal sealed class YamuxSession : IAsyncDisposable
{
    /// <summary>Id for multistream-select and for the Noise payload.</summary>
    internal const string ProtocolId = "/yamux/1.0.0";

    /// <summary>How long the last frames may take when the session ends by our wish.</summary>
    internal static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Stream _secure;
    private readonly YamuxOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConnectionMemory _memory;
    private readonly OpenGate _gate = new();
    private readonly YamuxFrameReader _reader;
    private readonly YamuxWatch _watch;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Action<YamuxStream>? _accept;
    private IPeerConnection? _connection;
    private Task? _completion;
    private Task _cancelling = Task.CompletedTask;
    private bool _farewell;
    private long _outbound;

    /// <param name="secure">Owned from here on. Read and written by one caller each, asynchronously; need not be flushed.</param>
    /// <param name="dialer">True for the side that dialled: it opens the odd stream ids.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">Clock and timers of pings, windows and rates.</param>
    /// <param name="logger">Hears why a remote was cut off.</param>
    internal YamuxSession(Stream secure, bool dialer, YamuxOptions options, TimeProvider time, ILogger logger)
    {
        _secure = secure;
        _options = options;
        _time = time;
        _logger = logger;
        _memory = new ConnectionMemory(options.ConnectionMemory);
        Streams = new StreamTable(dialer, options.MaxInboundStreams, options.MaxOutboundStreams);
        Writer = new YamuxWriter(secure);
        Pings = new YamuxPings(time);
        _reader = new YamuxFrameReader(secure, new YamuxDispatcher(this, options, time), time);
        _watch = new YamuxWatch(this, options, time);
        Closed = _closed.Token;
    }

    /// <summary>Cancelled as soon as the session is no longer usable.</summary>
    internal CancellationToken Closed { get; }

    /// <summary>Done when the session has ended and the secured stream is disposed. Fails only through a defect.</summary>
    internal Task Completion => _completion ?? Task.CompletedTask;

    /// <summary>Why the session ended; null while it has not.</summary>
    internal ConnectionClosedException? CloseReason { get; private set; }

    /// <summary>Streams that are open in either direction.</summary>
    internal int StreamCount => Streams.Count;

    /// <summary>The shortest round trip of the last minutes; null before the first measurement.</summary>
    internal TimeSpan? RoundTrip => Pings.RoundTrip;

    /// <summary>What the streams give as their connection.</summary>
    internal IPeerConnection Connection => _connection ?? throw new InvalidOperationException("the session has not been started");

    internal YamuxWriter Writer { get; }

    internal StreamTable Streams { get; }

    internal YamuxPings Pings { get; }

    /// <summary>Streams that we have opened so far.</summary>
    internal long OutboundStreams => Interlocked.Read(ref _outbound);

    /// <summary>How often something was read.</summary>
    internal long Reads => _reader.Reads;

    /// <summary>Memory that the remote makes us hold, in bytes.</summary>
    internal long MemoryUsed => _memory.Used;

    /// <summary>Makes the session keep to a common budget too. To be called before a stream is opened.</summary>
    internal void ShareMemory(MemoryBudget shared) => _memory.Share(shared);

    /// <summary>Starts reading. To be called once.</summary>
    /// <param name="connection">What the streams give as their connection.</param>
    /// <param name="accept">Takes each stream that the remote opens; called by the reading loop, so it must return at once and not throw.</param>
    internal void Start(IPeerConnection connection, Action<YamuxStream> accept)
    {
        _connection = connection;
        _accept = accept;
        _completion = RunAsync();
        _watch.Start();
    }

    /// <summary>Opens a stream; waits while too many are unacknowledged.</summary>
    /// <exception cref="ConnectionClosedException">The session has ended.</exception>
    /// <exception cref="IOException">Too many streams are open.</exception>
    internal async ValueTask<YamuxStream> OpenStreamAsync(CancellationToken cancellation = default)
    {
        Streams.ReserveOutbound();
        YamuxStream? stream = null;
        try
        {
            await _gate.EnterAsync(Closed, cancellation).ConfigureAwait(false);
            stream = Streams.AddOutbound(id => new YamuxStream(this, id, Direction.Outbound));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw ClosedException();
        }
        finally
        {
            if (stream is null)
                Streams.ReleaseOutbound();
        }
        if (stream is null)
            throw ClosedException();
        Interlocked.Increment(ref _outbound);
        P2PMetrics.StreamsOpened.Add(1);
        SendControl(new FrameHeader(FrameType.WindowUpdate, FrameFlags.Syn, stream.Id, 0));
        return stream;
    }

    /// <summary>Measures the round trip.</summary>
    /// <exception cref="ConnectionClosedException">The session has ended.</exception>
    internal async ValueTask<TimeSpan> PingAsync(CancellationToken cancellation = default)
    {
        Task<TimeSpan> answer = Pings.Begin(out FrameHeader? frame);
        if (frame is { } header)
            SendControl(header);
        return await answer.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends what was written, tells the remote and ends the session; streams that are still open fail.</summary>
    internal async ValueTask CloseAsync(CancellationToken cancellation = default)
    {
        End("closed by us", null, GoAwayCode.Normal);
        if (_completion is null)
            await _secure.DisposeAsync().ConfigureAwait(false);
        else
            await _completion.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Ends the session at once.</summary>
    /// <param name="reason">One line for the log and for those who use its streams.</param>
    internal void Abort(string reason) => End(reason, null, GoAwayCode.InternalError);

    public ValueTask DisposeAsync() => CloseAsync(CancellationToken.None);

    internal ReceiveSide NewReceiveSide() => new(new ReceiveWindow(_options.MaxWindow, _memory, _time), _memory);

    /// <summary>Sends a frame without body at the next opportunity.</summary>
    internal void SendControl(FrameHeader header)
    {
        if (Writer.AddControl(header))
            Writer.Flush();
        else
            End("nothing is read of what we send", null, GoAwayCode.ProtocolError);
    }

    internal void OnAccepted(YamuxStream stream) => _accept!(stream);

    internal void OnAcknowledged() => _gate.Leave();

    internal void OnRemoteReady() => _gate.Widen();

    internal void OnGoAway(uint code) => End($"the remote ended the connection with code {code}", null, null);

    internal void Forget(YamuxStream stream) => Streams.Remove(stream);

    internal void ResetForMemory(YamuxStream stream)
    {
        YamuxLog.OutOfMemory(_logger, Name);
        stream.Reset();
    }

    /// <summary>Ends the session; the first caller gives the reason.</summary>
    /// <param name="reason">One line.</param>
    /// <param name="cause">What was thrown, if anything.</param>
    /// <param name="farewell">What the remote is told; null if it can no longer hear.</param>
    internal void End(string reason, Exception? cause, GoAwayCode? farewell)
    {
        ConnectionClosedException closed = new(reason, cause);
        lock (_lock)
        {
            if (CloseReason is not null)
                return;
            CloseReason = closed;
            _farewell = farewell is not null;
        }
        YamuxFailure failure = new(reason, closed);
        foreach (YamuxStream stream in Streams.Close())
            stream.OnConnectionEnded(failure);
        Pings.Fail(failure);
        FrameHeader? last = farewell is { } code ? new FrameHeader(FrameType.GoAway, FrameFlags.None, 0, (uint)code) : null;
        Writer.Close(last, failure);
        _cancelling = _closed.CancelAsync();
        _ended.SetResult();
    }

    private async Task RunAsync()
    {
        Task reading = ReadAsync();
        Task writing = WriteAsync();
        await _ended.Task.ConfigureAwait(false);
        _watch.Dispose();
        try
        {
            if (_farewell)
                await SayFarewellAsync(writing).ConfigureAwait(false);
        }
        finally
        {
            await _secure.DisposeAsync().ConfigureAwait(false);
        }
        await Task.WhenAll(reading, writing, _cancelling).ConfigureAwait(false);
        Writer.Discard();
        _memory.Close();
        YamuxLog.Ended(_logger, Name, CloseReason!.Message);
    }

    private async Task SayFarewellAsync(Task writing)
    {
        try
        {
            await writing.WaitAsync(FarewellTime, _time).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            YamuxLog.NoFarewell(_logger, Name, e.Message);
        }
    }

    private async Task ReadAsync()
    {
        // What is already there is not to be handled before Start has returned.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await _reader.RunAsync(Closed).ConfigureAwait(false);
            End("the remote closed the connection", null, null);
        }
        catch (YamuxException e)
        {
            YamuxLog.CutOff(_logger, Name, e.Message);
            End($"the remote sent {e.Message}", e, GoAwayCode.ProtocolError);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            End($"the connection broke: {e.Message}", e, null);
        }
        finally
        {
            // A defect must not leave a session that nobody reads; its exception goes to whoever awaits the end.
            End("the reading loop failed", null, GoAwayCode.InternalError);
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            await Writer.RunAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            End($"the connection broke: {e.Message}", e, null);
        }
        finally
        {
            End("the writing loop failed", null, null);
        }
    }

    private string Name => _connection?.RemotePeer.ToString() ?? "a remote";

    private ConnectionClosedException ClosedException() => new(CloseReason?.Message ?? "no stream numbers are left", CloseReason);
}

using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

/// <summary>A session under test, and the streams that its remote opens.</summary>
internal sealed class SessionEnd : IAsyncDisposable
{
    private readonly Channel<YamuxStream> _accepted = Channel.CreateBounded<YamuxStream>(20_000);

    public SessionEnd(Stream secure, bool dialer, YamuxOptions? options = null, TimeProvider? time = null)
    {
        Session = new YamuxSession(secure, dialer, options ?? new YamuxOptions(), time ?? TimeProvider.System, NullLogger.Instance);
        Session.Start(Connection, stream => Assert.That(_accepted.Writer.TryWrite(stream), Is.True));
    }

    public StubConnection Connection { get; } = new();

    public YamuxSession Session { get; }

    /// <summary>Streams accepted so far that nobody has taken.</summary>
    public int Waiting => _accepted.Reader.Count;

    public Task<YamuxStream> AcceptAsync() => _accepted.Reader.ReadAsync().InTime();

    public Task<YamuxStream> OpenAsync() => Session.OpenStreamAsync().InTime();

    /// <summary>Two sessions that talk to each other through memory.</summary>
    public static (SessionEnd Near, SessionEnd Far) CreatePair(
        YamuxOptions? options = null, TimeProvider? time = null, TimeProvider? wireTime = null, Func<TimeSpan>? latency = null)
    {
        (MemoryDuplex near, MemoryDuplex far) = MemoryDuplex.CreatePair(wireTime ?? time, latency);
        return (new SessionEnd(near, dialer: true, options, time), new SessionEnd(far, dialer: false, options, time));
    }

    /// <summary>Opens a stream and takes it at the other end.</summary>
    public async Task<(YamuxStream Near, YamuxStream Far)> ConnectAsync(SessionEnd other)
    {
        YamuxStream near = await OpenAsync();
        return (near, await other.AcceptAsync());
    }

    public ValueTask DisposeAsync() => Session.DisposeAsync();
}

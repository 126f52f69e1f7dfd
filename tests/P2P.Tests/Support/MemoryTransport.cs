using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>
/// A transport for hosts in one process that share this object. Any /ip4/…/tcp/N can be listened on; port 0 gives the next free number.
/// The properties inject faults; they count for connections made after they are set.
/// </summary>
public sealed class MemoryTransport(TimeProvider time) : ITransport
{
    private const int Backlog = 64;
    private const int FirstPort = 20_000;

    private readonly ConcurrentDictionary<string, MemoryListener> _listeners = new();
    private readonly ConcurrentDictionary<MemoryConnection, bool> _connections = new();
    private int _lastPort = FirstPort;

    /// <summary>How long each piece is on its way, on the clock of the test.</summary>
    public Func<TimeSpan>? Latency { get; set; }

    /// <summary>Addresses whose dials end at once, as of a closed port.</summary>
    public Func<Multiaddr, bool> Refuses { get; set; } = static _ => false;

    /// <summary>Addresses whose dials never end, as behind a silent firewall.</summary>
    public Func<Multiaddr, bool> Swallows { get; set; } = static _ => false;

    /// <summary>Addresses dialled so far, in order.</summary>
    public ConcurrentQueue<Multiaddr> Dials { get; } = new();

    /// <summary>Ends of connections that are open.</summary>
    public int OpenEnds => _connections.Count;

    public bool Handles(Multiaddr address) => address.ToString().Contains("/tcp/", StringComparison.Ordinal);

    public ValueTask<ITransportConnection> DialAsync(Multiaddr address, CancellationToken cancellation) =>
        DialAsync(address, address, cancellation);

    /// <summary>The transport of one of the hosts, whose address those see whom it dials; else they see the address that was dialled.</summary>
    public ITransport At(Multiaddr place) => new Place(this, place);

    private async ValueTask<ITransportConnection> DialAsync(Multiaddr address, Multiaddr place, CancellationToken cancellation)
    {
        Dials.Enqueue(address);
        if (Swallows(address))
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation);
        if (Refuses(address) || !_listeners.TryGetValue(address.ToString(), out MemoryListener? listener))
            throw new IOException($"{address}: connection refused");
        ByteQueue there = new(time, Latency);
        ByteQueue back = new(time, Latency);
        var from = Multiaddr.Parse(WithPort(place, NextPort()));
        MemoryConnection ours = new(this, back, there, from, address);
        MemoryConnection theirs = new(this, there, back, address, from);
        if (!listener.TryAdd(theirs))
            throw new IOException($"{address}: connection refused");
        _connections[ours] = true;
        _connections[theirs] = true;
        return ours;
    }

    public ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellation)
    {
        string text = address.ToString();
        if (text.EndsWith("/tcp/0", StringComparison.Ordinal))
            text = WithPort(address, NextPort());
        MemoryListener listener = new(this, Multiaddr.Parse(text));
        return _listeners.TryAdd(text, listener)
            ? ValueTask.FromResult<ITransportListener>(listener)
            : throw new IOException($"cannot listen on {text}: the address is in use");
    }

    /// <summary>Breaks every open connection, as when a network goes away.</summary>
    public void BreakAll()
    {
        foreach (MemoryConnection connection in _connections.Keys)
            connection.Abort();
    }

    /// <summary>Breaks the connections of one host, as when its power fails.</summary>
    public void Break(Multiaddr place)
    {
        foreach (MemoryConnection connection in _connections.Keys)
        {
            if (IsAt(connection.LocalAddress, place) || IsAt(connection.RemoteAddress, place))
                connection.Abort();
        }
    }

    private static bool IsAt(Multiaddr address, Multiaddr place) => address.TcpEndPoint!.Address.Equals(place.TcpEndPoint!.Address);

    private int NextPort() => Interlocked.Increment(ref _lastPort);

    private static string WithPort(Multiaddr address, int port)
    {
        string text = address.ToString();
        return text[..(text.LastIndexOf('/') + 1)] + port.ToString(CultureInfo.InvariantCulture);
    }

    private sealed class Place(MemoryTransport transport, Multiaddr place) : ITransport
    {
        public bool Handles(Multiaddr address) => transport.Handles(address);

        public ValueTask<ITransportConnection> DialAsync(Multiaddr address, CancellationToken cancellation) =>
            transport.DialAsync(address, place, cancellation);

        public ValueTask<ITransportListener> ListenAsync(Multiaddr address, CancellationToken cancellation) =>
            transport.ListenAsync(address, cancellation);
    }

    private sealed class MemoryListener(MemoryTransport transport, Multiaddr address) : ITransportListener
    {
        private readonly Channel<MemoryConnection> _waiting = Channel.CreateBounded<MemoryConnection>(Backlog);

        public Multiaddr Address => address;

        public bool TryAdd(MemoryConnection connection) => _waiting.Writer.TryWrite(connection);

        public async ValueTask<ITransportConnection?> AcceptAsync(CancellationToken cancellation) =>
            await _waiting.Reader.WaitToReadAsync(cancellation) && _waiting.Reader.TryRead(out MemoryConnection? connection) ? connection : null;

        public ValueTask DisposeAsync()
        {
            transport._listeners.TryRemove(address.ToString(), out _);
            _waiting.Writer.TryComplete();
            while (_waiting.Reader.TryRead(out MemoryConnection? connection))
                connection.Abort();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class MemoryConnection(MemoryTransport transport, ByteQueue incoming, ByteQueue outgoing, Multiaddr local, Multiaddr remote)
        : ITransportConnection
    {
        public Stream Stream { get; } = new MemoryDuplex(incoming, outgoing);

        public Multiaddr LocalAddress => local;

        public Multiaddr RemoteAddress => remote;

        public void Abort()
        {
            transport._connections.TryRemove(this, out _);
            incoming.Fail(static () => new IOException("connection reset"));
            outgoing.Fail(static () => new IOException("connection reset"));
        }

        public ValueTask DisposeAsync()
        {
            transport._connections.TryRemove(this, out _);
            outgoing.Complete();
            incoming.Fail(static () => new IOException("the connection is closed"));
            return ValueTask.CompletedTask;
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>One end of an in-memory connection between two <see cref="TestNetwork"/>s.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "a token source without a timer holds nothing to dispose of")]
public sealed class TestConnection : IPeerConnection
{
    private readonly Lock _lock = new();
    private readonly HashSet<TestStream> _streams = [];
    private readonly CancellationTokenSource _closed = new();
    private readonly TestNetwork _local;
    private readonly TestNetwork _remote;
    private readonly TestConnection _other;
    private bool _ended;

    private TestConnection(TestNetwork local, TestNetwork remote, Direction direction, TestConnection? other)
    {
        (_local, _remote, Direction) = (local, remote, direction);
        _other = other ?? new TestConnection(remote, local, Direction.Inbound, this);
        Opened = local.Time.GetUtcNow();
    }

    /// <summary>The dialler's end of a new connection; the other end hangs on it.</summary>
    internal static TestConnection Create(TestNetwork dialler, TestNetwork listener) => new(dialler, listener, Direction.Outbound, null);

    public PeerId RemotePeer => _remote.LocalPeer;

    public PublicKey RemoteKey => _remote.Key.ToPublicKey();

    public Multiaddr RemoteAddress => _remote.Address;

    public Multiaddr LocalAddress => _local.Address;

    public Direction Direction { get; }

    public string Security => "/noise";

    public string Multiplexer => "/yamux/1.0.0";

    public bool EarlyMultiplexer => true;

    public IReadOnlyList<string> RemoteMultiplexers => [Multiplexer];

    public TimeSpan? RoundTrip => null;

    public DateTimeOffset Opened { get; }

    public CancellationToken Closed => _closed.Token;

    public int StreamCount
    {
        get
        {
            lock (_lock)
                return _streams.Count;
        }
    }

    /// <summary>The same connection as the remote sees it.</summary>
    public TestConnection Other => _other;

    internal TestNetwork Local => _local;

    internal TestNetwork Remote => _remote;

    public ValueTask<PeerStream> OpenStreamAsync(IReadOnlyList<string> protocols, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (Closed.IsCancellationRequested)
            throw new ConnectionClosedException("the connection is closed");
        string protocol = protocols.FirstOrDefault(_remote.Serves)
            ?? throw new UnsupportedProtocolException($"{RemotePeer} serves none of {string.Join(", ", protocols)}");
        ByteQueue there = _local.Swarm.NewQueue(_local, _remote);
        ByteQueue back = _local.Swarm.NewQueue(_remote, _local);
        TestStream ours = new(this, Direction.Outbound, back, there) { Protocol = protocol };
        TestStream theirs = new(_other, Direction.Inbound, there, back) { Protocol = protocol };
        Remember(ours);
        _other.Remember(theirs);
        _remote.Serve(theirs, _other.CountOf(protocol, Direction.Inbound));
        return ValueTask.FromResult<PeerStream>(ours);
    }

    public ValueTask<TimeSpan> PingAsync(CancellationToken cancellation = default) =>
        Closed.IsCancellationRequested ? throw new ConnectionClosedException("the connection is closed") : ValueTask.FromResult(TimeSpan.Zero);

    public ValueTask CloseAsync(CancellationToken cancellation = default)
    {
        End();
        return ValueTask.CompletedTask;
    }

    public void Abort(string reason)
    {
        AbortReason = reason;
        End();
    }

    /// <summary>What the owner of this end said when it aborted the connection.</summary>
    public string? AbortReason { get; private set; }

    internal void Forget(TestStream stream)
    {
        lock (_lock)
            _streams.Remove(stream);
    }

    private void Remember(TestStream stream)
    {
        lock (_lock)
        {
            if (_ended)
                throw new ConnectionClosedException("the connection is closed");
            _streams.Add(stream);
        }
    }

    private int CountOf(string protocol, Direction direction)
    {
        lock (_lock)
            return _streams.Count(stream => stream.Protocol == protocol && stream.Direction == direction);
    }

    private void End()
    {
        if (EndHere())
            _other.EndHere();
    }

    private bool EndHere()
    {
        TestStream[] streams;
        lock (_lock)
        {
            if (_ended)
                return false;
            _ended = true;
            streams = [.. _streams];
        }
        foreach (TestStream stream in streams)
            stream.Break(static () => new ConnectionClosedException("the connection was closed"));
        _closed.Cancel();
        _local.Remove(this);
        return true;
    }
}

using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>One peer of a <see cref="TestSwarm"/>: what a protocol sees of the host, without the host.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "a token source without a timer holds nothing to dispose of")]
public sealed class TestNetwork : INetwork
{
    private readonly Lock _lock = new();
    private readonly EventSequence _events;
    private readonly List<TestConnection> _connections = [];
    private readonly SortedDictionary<string, (StreamHandler Handler, HandlerLimits Limits)> _handlers = new(StringComparer.Ordinal);
    private readonly Dictionary<(PeerId Peer, string Tag), int> _values = [];
    private readonly CancellationTokenSource _stopped = new();

    internal TestNetwork(TestSwarm swarm, Ed25519KeyPair key, Multiaddr address)
    {
        (Swarm, Key, Address) = (swarm, key, address);
        LocalPeer = key.ToPublicKey().ToPeerId();
        Peers = new PeerStore(swarm.Time);
        _events = new EventSequence(swarm.Report);
    }

    public event Action<IPeerConnection>? ConnectionOpened;

    public event Action<IPeerConnection>? ConnectionClosed;

    public event Action<PeerId>? PeerConnected;

    public event Action<PeerId>? PeerDisconnected;

    public event Action<IdentifiedPeer>? Identified;

    public event Action? LocalInfoChanged;

    public TestSwarm Swarm { get; }

    public PeerId LocalPeer { get; }

    public Ed25519KeyPair Key { get; }

    public TimeProvider Time => Swarm.Time;

    public Multiaddr Address { get; }

    public IReadOnlyList<Multiaddr> ListenAddresses => [Address];

    public PeerStore Peers { get; }

    public IReadOnlyList<string> Protocols
    {
        get
        {
            lock (_lock)
                return [.. _handlers.Keys];
        }
    }

    public IReadOnlyList<IPeerConnection> Connections
    {
        get
        {
            lock (_lock)
                return [.. _connections];
        }
    }

    /// <summary>False after <see cref="Kill"/>.</summary>
    public bool IsUp { get; private set; } = true;

    public IPeerConnection? FindConnection(PeerId peer)
    {
        lock (_lock)
            return _connections.FirstOrDefault(connection => connection.RemotePeer.Equals(peer));
    }

    public ValueTask<IPeerConnection> ConnectAsync(PeerId peer, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (FindConnection(peer) is { } open)
            return ValueTask.FromResult(open);
        if (Peers.Addresses(peer).Count == 0)
            throw new DialException($"no address of {peer} is known");
        return ValueTask.FromResult<IPeerConnection>(Connect(Swarm.Find(peer)));
    }

    public ValueTask<IPeerConnection> DialAsync(Multiaddr address, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        TestNetwork? target = Swarm.Find(address.WithoutPeer());
        if (address.Peer is { } wanted && target is not null && !target.LocalPeer.Equals(wanted))
            throw new DialException($"{address}: another identity");
        return ValueTask.FromResult<IPeerConnection>(Connect(target));
    }

    /// <summary>Connects whatever this peer knows of the other; the open connection if there is one.</summary>
    public IPeerConnection Connect(TestNetwork? target)
    {
        if (target is null || !target.IsUp || !IsUp || target == this || !Swarm.CanDial(this, target))
            throw new DialException("not reachable");
        if (FindConnection(target.LocalPeer) is { } open)
            return open;
        var connection = TestConnection.Create(this, target);
        Add(connection);
        target.Add(connection.Other);
        if (Swarm.AutoIdentify)
        {
            Identify(connection, isPush: false);
            target.Identify(connection.Other, isPush: false);
        }
        return connection;
    }

    public async ValueTask<PeerStream> OpenStreamAsync(PeerId peer, IReadOnlyList<string> protocols, CancellationToken cancellation = default)
    {
        IPeerConnection connection = await ConnectAsync(peer, cancellation);
        return await connection.OpenStreamAsync(protocols, cancellation);
    }

    public async ValueTask DisconnectAsync(PeerId peer, CancellationToken cancellation = default)
    {
        foreach (IPeerConnection connection in Connections.Where(connection => connection.RemotePeer.Equals(peer)))
            await connection.CloseAsync(cancellation);
    }

    /// <summary>Ends all connections; nobody reaches this peer any more.</summary>
    public void Kill()
    {
        IsUp = false;
        foreach (IPeerConnection connection in Connections)
            connection.Abort("killed");
        _stopped.Cancel();
    }

    public void Handle(string protocol, StreamHandler handler, HandlerLimits? limits = null)
    {
        lock (_lock)
            _handlers[protocol] = (handler, limits ?? new HandlerLimits());
        InfoChanged();
    }

    public void Unhandle(string protocol)
    {
        lock (_lock)
            _handlers.Remove(protocol);
        InfoChanged();
    }

    public void SetValue(PeerId peer, string tag, int value)
    {
        lock (_lock)
        {
            if (value == 0)
                _values.Remove((peer, tag));
            else
                _values[(peer, tag)] = value;
        }
    }

    /// <summary>The value of a peer under a tag; 0 if it has none.</summary>
    public int ValueOf(PeerId peer, string tag)
    {
        lock (_lock)
            return _values.GetValueOrDefault((peer, tag));
    }

    /// <summary>Raises <see cref="Identified"/> with what the remote would say now, for tests without <see cref="TestSwarm.AutoIdentify"/>.</summary>
    public void Identify(TestConnection connection, bool isPush)
    {
        TestNetwork remote = connection.Remote;
        PeerRecord record = new(remote.LocalPeer, (ulong)Time.GetUtcNow().ToUnixTimeMilliseconds(), remote.ListenAddresses);
        IdentifiedPeer identified = new(
            connection, isPush, remote.Protocols, remote.ListenAddresses, Address, "test/1", "ipfs/0.1.0", record);
        Peers.SetProtocols(remote.LocalPeer, remote.Protocols);
        Peers.AddAddresses(remote.LocalPeer, remote.ListenAddresses, TimeSpan.FromHours(1));
        _events.Post(() => Identified?.Invoke(identified));
    }

    internal bool Serves(string protocol)
    {
        lock (_lock)
            return _handlers.ContainsKey(protocol);
    }

    internal void Serve(TestStream stream, int open)
    {
        (StreamHandler Handler, HandlerLimits Limits) entry;
        lock (_lock)
        {
            if (!_handlers.TryGetValue(stream.Protocol, out entry))
                entry = (static (_, _) => Task.CompletedTask, new HandlerLimits());
        }
        if (open > entry.Limits.Inbound)
            stream.Dispose();
        else
            _ = Task.Run(() => RunAsync(entry.Handler, stream));
    }

    internal void Remove(TestConnection connection)
    {
        bool last;
        lock (_lock)
        {
            _connections.Remove(connection);
            last = !_connections.Any(other => other.RemotePeer.Equals(connection.RemotePeer));
        }
        _events.Post(() =>
        {
            ConnectionClosed?.Invoke(connection);
            if (last)
                PeerDisconnected?.Invoke(connection.RemotePeer);
        });
    }

    private void Add(TestConnection connection)
    {
        bool first;
        lock (_lock)
        {
            first = !_connections.Any(other => other.RemotePeer.Equals(connection.RemotePeer));
            _connections.Add(connection);
        }
        _events.Post(() =>
        {
            if (first)
                PeerConnected?.Invoke(connection.RemotePeer);
            ConnectionOpened?.Invoke(connection);
        });
    }

    private async Task RunAsync(StreamHandler handler, TestStream stream)
    {
        try
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stopped.Token, stream.Connection.Closed);
            await handler(stream, cancellation.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The other end went away: a handler may let that through.
        }
        catch (Exception e)
        {
            Swarm.Report(e);
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }

    private void InfoChanged()
    {
        _events.Post(() => LocalInfoChanged?.Invoke());
        if (!Swarm.AutoIdentify)
            return;
        foreach (TestConnection connection in Connections.Cast<TestConnection>())
            connection.Remote.Identify(connection.Other, isPush: true);
    }
}

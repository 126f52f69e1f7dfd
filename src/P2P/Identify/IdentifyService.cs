using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Identify;

/// <summary>
/// Asks every new peer what it is, answers the same question, and tells of changes (libp2p/specs, identify/README.md:
/// /ipfs/id/1.0.0 and /ipfs/id/push/1.0.0).
/// </summary>
internal sealed class IdentifyService : IAsyncDisposable
{
    private static readonly HandlerLimits IdLimits = new(Inbound: 4, Outbound: 4);
    private static readonly HandlerLimits PushLimits = new(Inbound: 4, Outbound: 4);

    private readonly INetwork _network;
    private readonly Action<IdentifiedPeer> _raise;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<IPeerConnection, IdentifyState> _states = new();
    private readonly ObservedAddresses _observed;
    private readonly LocalInfo _local;
    private readonly PushSchedule _pushes;
    private readonly TaskTracker _tasks;

    /// <param name="network">Where peers come from.</param>
    /// <param name="agentVersion">What we call ourselves.</param>
    /// <param name="raise">Raises <see cref="INetwork.Identified"/> in order with the other events.</param>
    /// <param name="logger">For the log.</param>
    internal IdentifyService(INetwork network, string agentVersion, Action<IdentifiedPeer> raise, ILogger logger)
    {
        (_network, _raise, _logger) = (network, raise, logger);
        _tasks = new TaskTracker(error => IdentifyLog.Failed(logger, error));
        _observed = new ObservedAddresses(network.Time);
        _local = new LocalInfo(network, agentVersion, () => _observed.Confirmed);
        _pushes = new PushSchedule(network.Time, () => _tasks.Run(PushAllAsync));
        network.ConnectionOpened += OnOpened;
        network.ConnectionClosed += OnClosed;
        network.LocalInfoChanged += OnLocalInfoChanged;
        network.Handle(IdentifyProtocol.Id, ServeAsync, IdLimits);
        network.Handle(IdentifyProtocol.PushId, ServePushAsync, PushLimits);
    }

    /// <summary>Raised with the addresses that enough peers see us under, when these change.</summary>
    internal event Action<IReadOnlyList<Multiaddr>>? ObservedChanged;

    internal IReadOnlyList<Multiaddr> Observed => _observed.Confirmed;

    /// <summary>Connections about which something is remembered.</summary>
    internal int Count => _states.Count;

    /// <summary>Asks a peer once more.</summary>
    /// <exception cref="IOException">The connection or the stream failed, or the peer does not answer this protocol, or not properly.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    internal async Task<IdentifiedPeer> IdentifyAsync(IPeerConnection connection, CancellationToken cancellation)
    {
        using Deadline deadline = new(IdentifyProtocol.Timeout, _network.Time, cancellation);
        try
        {
            Proto.Identify message;
            PeerStream stream = await connection.OpenStreamAsync([IdentifyProtocol.Id], deadline.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                await stream.CloseWriteAsync(deadline.Token).ConfigureAwait(false);
                message = await IdentifyMessages.ReadAsync(stream, deadline.Token).ConfigureAwait(false);
            }
            return await TakeAsync(connection, message, isPush: false, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsOver)
        {
            throw new TimeoutException($"{connection.RemotePeer} did not say within {IdentifyProtocol.Timeout.TotalSeconds} s what it is", e);
        }
    }

    /// <summary>Tells all connected peers that take pushes what we are now, whether it changed or not.</summary>
    internal Task PushNowAsync(CancellationToken cancellation) => PushAsync(static (_, _) => true, cancellation);

    public async ValueTask DisposeAsync()
    {
        _network.ConnectionOpened -= OnOpened;
        _network.ConnectionClosed -= OnClosed;
        _network.LocalInfoChanged -= OnLocalInfoChanged;
        await _pushes.DisposeAsync().ConfigureAwait(false);
        await _tasks.WhenIdle().ConfigureAwait(false);
    }

    private void OnOpened(IPeerConnection connection)
    {
        IdentifyState state = StateOf(connection);
        _tasks.Run(() => IdentifyFirstAsync(connection, state));
    }

    private void OnClosed(IPeerConnection connection)
    {
        if (_states.TryRemove(connection, out IdentifyState? state))
            state.First.TrySetResult();
    }

    private void OnLocalInfoChanged()
    {
        if (_local.Refresh())
            _pushes.Request();
    }

    private IdentifyState StateOf(IPeerConnection connection) => _states.GetOrAdd(connection, static _ => new IdentifyState());

    private async Task IdentifyFirstAsync(IPeerConnection connection, IdentifyState state)
    {
        try
        {
            await IdentifyAsync(connection, connection.Closed).ConfigureAwait(false);
        }
        catch (Exception e) when (IsOfTheRemote(e))
        {
            IdentifyLog.NotIdentified(_logger, connection.RemotePeer, e.Message);
        }
        finally
        {
            state.First.TrySetResult();
        }
        // It may have asked us before a change, and only now do we know that it takes pushes.
        if (state.SentVersion >= 0 && state.SentVersion < _local.For(connection).Version)
            _pushes.Request();
    }

    private async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        using Deadline deadline = new(IdentifyProtocol.Timeout, _network.Time, cancellation);
        await SendAsync(stream, deadline.Token).ConfigureAwait(false);
    }

    private async Task SendAsync(PeerStream stream, CancellationToken cancellation)
    {
        (LocalDescription description, long version) = _local.For(stream.Connection);
        byte[] message = IdentifyMessages.Encode(description, stream.Connection.RemoteAddress);
        await stream.WriteAsync(message, cancellation).ConfigureAwait(false);
        if (_states.TryGetValue(stream.Connection, out IdentifyState? state))
            state.Sent(version);
        await stream.FinishAsync(_network.Time, cancellation).ConfigureAwait(false);
    }

    private async Task ServePushAsync(PeerStream stream, CancellationToken cancellation)
    {
        _states.TryGetValue(stream.Connection, out IdentifyState? state);
        if (state is not null && !state.TryTakePush(_network.Time))
            throw new ProtocolException("too many identify pushes");
        Proto.Identify message;
        using (Deadline deadline = new(IdentifyProtocol.Timeout, _network.Time, cancellation))
            message = await IdentifyMessages.ReadAsync(stream, deadline.Token).ConfigureAwait(false);
        await stream.CloseWriteAsync(cancellation).ConfigureAwait(false);
        if (state is not null)
            await state.First.Task.WaitAsync(cancellation).ConfigureAwait(false);
        await TakeAsync(stream.Connection, message, isPush: true, cancellation).ConfigureAwait(false);
    }

    private async Task<IdentifiedPeer> TakeAsync(IPeerConnection connection, Proto.Identify message, bool isPush, CancellationToken cancellation)
    {
        var remote = RemoteDescription.Read(message, connection.RemoteKey, connection.RemotePeer, isPush);
        IdentifiedPeer identified = new(
            connection, isPush, remote.Protocols, remote.Addresses, remote.Observed, remote.AgentVersion, remote.ProtocolVersion, remote.Record)
        {
            SignedRecordEnvelope = remote.Envelope,
        };
        IdentifyState state = _states.TryGetValue(connection, out IdentifyState? known) ? known : new IdentifyState();
        await state.Turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            Store(connection, remote);
            _raise(identified);
        }
        finally
        {
            state.Turn.Release();
        }
        if (remote.Observed is { } observed && _observed.Add(connection, observed, _network.ListenAddresses))
            OnObservedChanged();
        return identified;
    }

    private void Store(IPeerConnection connection, RemoteDescription remote)
    {
        PeerStore peers = _network.Peers;
        peers.SetIdentity(connection.RemotePeer, remote.Protocols, remote.AgentVersion, remote.ProtocolVersion);
        if (remote is { Record: { } record, Envelope: { } envelope })
            peers.TryAddRecord(record, envelope, PeerStore.IdentifiedLifetime);
        else if (remote.Addresses is { } addresses)
            peers.AddAddresses(connection.RemotePeer, addresses, PeerStore.IdentifiedLifetime);
        if (connection.Direction == Direction.Outbound)
            peers.AddAddresses(connection.RemotePeer, [connection.RemoteAddress], PeerStore.IdentifiedLifetime);
    }

    private void OnObservedChanged()
    {
        OnLocalInfoChanged();
        ObservedChanged?.Invoke(_observed.Confirmed);
    }

    private Task PushAllAsync() =>
        PushAsync(static (state, version) => state.SentVersion < version, CancellationToken.None);

    private async Task PushAsync(Func<IdentifyState, long, bool> wants, CancellationToken cancellation)
    {
        long version = _local.For(null).Version;
        IPeerConnection[] targets = [.. _network.Connections
            .Select(static connection => connection.RemotePeer)
            .Distinct()
            .Where(peer => _network.Peers.Protocols(peer)?.Contains(IdentifyProtocol.PushId) ?? false)
            .Select(_network.FindConnection)
            .OfType<IPeerConnection>()
            .Where(connection => _states.TryGetValue(connection, out IdentifyState? state) && wants(state, version))];
        ParallelOptions options = new() { MaxDegreeOfParallelism = PushSchedule.Parallel, CancellationToken = cancellation };
        await Parallel.ForEachAsync(targets, options, async (target, token) => await PushToAsync(target, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private async Task PushToAsync(IPeerConnection connection, CancellationToken cancellation)
    {
        using Deadline deadline = new(IdentifyProtocol.Timeout, _network.Time, cancellation);
        try
        {
            PeerStream stream = await connection.OpenStreamAsync([IdentifyProtocol.PushId], deadline.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
                await SendAsync(stream, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (IsOfTheRemote(e) && !cancellation.IsCancellationRequested)
        {
            IdentifyLog.NotPushed(_logger, connection.RemotePeer, e.Message);
        }
    }

    private static bool IsOfTheRemote(Exception e) =>
        e is IOException or TimeoutException or OperationCanceledException;
}

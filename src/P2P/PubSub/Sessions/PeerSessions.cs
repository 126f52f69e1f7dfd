using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Peers;
using P2PMiner.P2P.PubSub.Routing;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.PubSub.Sessions;

/// <summary>
/// Keeps a stream in either direction with every peer that serves a pubsub protocol (libp2p/specs, pubsub/README.md, "Stream management").
/// When one of the two ends, both do, and are opened again if the peer is still connected.
/// </summary>
internal sealed class PeerSessions
{
    /// <summary>One in use, and a few that take its place.</summary>
    private const int MaxStreams = 4;

    /// <summary>How long a peer that has opened a newer stream on another connection has for ending the older one.</summary>
    private static readonly TimeSpan MovePatience = TimeSpan.FromSeconds(10);

    private const string ValueTag = "pubsub";
    private const int MeshValue = 100;
    private const int DirectValue = 1000;

    private readonly INetwork _network;
    private readonly GossipRouter _router;
    private readonly SessionTable _table;
    private readonly PubSubOptions _options;
    private readonly TaskTracker _tasks;
    private readonly ILogger _logger;
    private readonly SessionWriter _writer;

    internal PeerSessions(INetwork network, GossipRouter router, SessionTable table, PubSubOptions options, TaskTracker tasks, ILogger logger)
    {
        (_network, _router, _table, _options, _tasks, _logger) = (network, router, table, options, tasks, logger);
        _writer = new SessionWriter(network, router, options.Protocols, tasks, logger, End);
    }

    internal void Start()
    {
        _network.Identified += OnIdentified;
        _network.ConnectionOpened += Unsettle;
        _network.ConnectionClosed += OnConnectionClosed;
        _network.PeerDisconnected += _table.ForgetRetries;
        foreach (string protocol in _options.Protocols)
            _network.Handle(protocol, ServeAsync, new HandlerLimits(MaxStreams, MaxStreams));
        foreach (IPeerConnection connection in _network.Connections)
        {
            if (IsServed(_network.Peers.Protocols(connection.RemotePeer)))
                Open(connection);
        }
    }

    /// <summary>Lets what is queued be sent as far as <paramref name="patience"/> allows, then ends all sessions.</summary>
    internal async Task StopAsync(Task patience)
    {
        _network.Identified -= OnIdentified;
        _network.ConnectionOpened -= Unsettle;
        _network.ConnectionClosed -= OnConnectionClosed;
        _network.PeerDisconnected -= _table.ForgetRetries;
        foreach (string protocol in _options.Protocols)
            _network.Unhandle(protocol);
        _table.Stop();
        PeerSession[] sessions = _table.All;
        foreach (PeerSession session in sessions)
            session.Peer.Queue.Close();
        await Task.WhenAny(patience, Task.WhenAll(sessions.Select(static session => session.Written))).ConfigureAwait(false);
        foreach (PeerSession session in sessions)
            End(session, "stopped", mayRetry: true);
    }

    /// <summary>Opens again what is due, and tells the network what peers are worth: more while they are in a mesh.</summary>
    internal void Heartbeat()
    {
        foreach (PeerId peer in _table.TakeDueRetries())
        {
            if (_network.FindConnection(peer) is { } connection && IsServed(_network.Peers.Protocols(peer)))
                Open(connection);
            else
                _table.ForgetRetries(peer);
        }
        foreach (PeerSession session in _table.All)
        {
            SetValue(session.Peer, session.Peer.IsDirect ? DirectValue : session.Peer.Meshes > 0 ? MeshValue : 0);
            _writer.Follow(session);
        }
    }

    private void OnIdentified(IdentifiedPeer identified)
    {
        if (IsServed(identified.Protocols))
            Open(identified.Connection);
        if (identified.SignedRecordEnvelope is { } envelope)
            _router.SetSignedRecord(identified.Connection.RemotePeer, envelope);
    }

    private void OnConnectionClosed(IPeerConnection connection)
    {
        if (_table.Find(connection.RemotePeer) is { } session && session.Connection == connection)
            End(session, "the connection was closed", mayRetry: true);
        else
            Unsettle(connection);
    }

    private void Unsettle(IPeerConnection connection)
    {
        if (_table.Find(connection.RemotePeer) is { } session)
            session.IsSettled = false;
    }

    private IPeerConnection Preferred(IPeerConnection connection) => _network.FindConnection(connection.RemotePeer) ?? connection;

    private bool IsServed(IReadOnlyList<string>? protocols) => protocols is not null && protocols.Any(_options.Protocols.Contains);

    private void Open(IPeerConnection connection)
    {
        if (_table.GetOrAdd(Preferred(connection)) is { } session && _table.TakeOutbound(session))
            _tasks.Run(() => _writer.RunAsync(session));
    }

    /// <summary>Serves a stream that a peer opened: we only read from it.</summary>
    private async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        IPeerConnection preferred = Preferred(stream.Connection);
        if (_table.GetOrAdd(preferred) is not { } session)
            return;
        InboundStream inbound = new(stream);
        InboundStream? replaced = _table.Attach(session, inbound, preferred);
        Open(stream.Connection);
        string reason;
        try
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Ended);
            if (replaced is not null)
                await ReplaceAsync(replaced, inbound, ended.Token).ConfigureAwait(false);
            reason = await ReadAsync(session, stream, ended.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            reason = e.Message;
        }
        finally
        {
            inbound.SetFinished();
        }
        if (_table.IsAttached(session, inbound))
            End(session, reason, mayRetry: true);
    }

    /// <returns>Why the stream ended.</returns>
    private async Task<string> ReadAsync(PeerSession session, PeerStream stream, CancellationToken cancellation)
    {
        stream.RunsInline = true;
        PeerReader reader = new(_router, session.Peer, _options.Limits.MaxRpcSize, _network.Time);
        string? fault = await reader.RunAsync(stream, cancellation).ConfigureAwait(false);
        if (fault is null)
            await stream.CloseWriteAsync(cancellation).ConfigureAwait(false);
        else
            stream.Reset();
        return fault ?? "closed by the peer";
    }

    /// <summary>
    /// Gives up one of two streams. If they are on different connections, the peer is moving from one to the other: it is shown that the
    /// newer one is here, and what it wrote to the older one is read first.
    /// </summary>
    private async Task ReplaceAsync(InboundStream replaced, InboundStream current, CancellationToken cancellation)
    {
        if (replaced != current && replaced.Stream.Connection == current.Stream.Connection)
        {
            replaced.Stream.Reset();
            return;
        }
        await replaced.Stream.CloseWriteAsync(cancellation).ConfigureAwait(false);
        if (replaced == current)
            return;
        try
        {
            await replaced.Finished.WaitAsync(MovePatience, _network.Time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            replaced.Stream.Reset();
        }
    }

    private void End(PeerSession session, string reason, bool mayRetry)
    {
        bool isConnected = _network.FindConnection(session.Peer.Id) is not null;
        if (!_table.End(session, mayRetry && isConnected))
            return;
        PubSubLog.StreamEnded(_logger, session.Peer.Id, reason);
        SetValue(session.Peer, 0);
    }

    private void SetValue(GossipPeer peer, int value)
    {
        if (peer.Value == value)
            return;
        peer.Value = value;
        _network.SetValue(peer.Id, ValueTag, value);
    }
}

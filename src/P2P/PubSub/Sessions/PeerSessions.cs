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
internal sealed class PeerSessions(
    INetwork network, GossipRouter router, SessionTable table, PubSubOptions options, TaskTracker tasks, ILogger logger)
{
    /// <summary>One in use, and a few that take its place.</summary>
    private const int MaxStreams = 4;

    private const string ValueTag = "pubsub";
    private const int MeshValue = 100;
    private const int DirectValue = 1000;

    internal void Start()
    {
        network.Identified += OnIdentified;
        network.ConnectionClosed += OnConnectionClosed;
        network.PeerDisconnected += table.ForgetRetries;
        foreach (string protocol in options.Protocols)
            network.Handle(protocol, ServeAsync, new HandlerLimits(MaxStreams, MaxStreams));
        foreach (IPeerConnection connection in network.Connections)
        {
            if (IsServed(network.Peers.Protocols(connection.RemotePeer)))
                Open(connection);
        }
    }

    /// <summary>Lets what is queued be sent as far as <paramref name="patience"/> allows, then ends all sessions.</summary>
    internal async Task StopAsync(Task patience)
    {
        network.Identified -= OnIdentified;
        network.ConnectionClosed -= OnConnectionClosed;
        network.PeerDisconnected -= table.ForgetRetries;
        foreach (string protocol in options.Protocols)
            network.Unhandle(protocol);
        table.Stop();
        PeerSession[] sessions = table.All;
        foreach (PeerSession session in sessions)
            session.Peer.Queue.Close();
        await Task.WhenAny(patience, Task.WhenAll(sessions.Select(static session => session.Written))).ConfigureAwait(false);
        foreach (PeerSession session in sessions)
            End(session, "stopped");
    }

    /// <summary>Opens again what is due, and tells the network what peers are worth: more while they are in a mesh.</summary>
    internal void Heartbeat()
    {
        foreach (PeerId peer in table.TakeDueRetries())
        {
            if (network.FindConnection(peer) is { } connection && IsServed(network.Peers.Protocols(peer)))
                Open(connection);
            else
                table.ForgetRetries(peer);
        }
        foreach (PeerSession session in table.All)
            SetValue(session.Peer, session.Peer.IsDirect ? DirectValue : session.Peer.Meshes > 0 ? MeshValue : 0);
    }

    private void OnIdentified(IdentifiedPeer identified)
    {
        if (IsServed(identified.Protocols))
            Open(identified.Connection);
        if (identified.SignedRecordEnvelope is { } envelope)
            router.SetSignedRecord(identified.Connection.RemotePeer, envelope);
    }

    private void OnConnectionClosed(IPeerConnection connection)
    {
        if (table.Find(connection.RemotePeer) is { } session && session.Connection == connection)
            End(session, "the connection was closed");
    }

    private bool IsServed(IReadOnlyList<string>? protocols) => protocols is not null && protocols.Any(options.Protocols.Contains);

    private void Open(IPeerConnection connection)
    {
        if (table.GetOrAdd(connection) is { } session && table.TakeOutbound(session))
            tasks.Run(() => WriteAsync(session));
    }

    /// <summary>Serves the stream that a peer opened: we only read from it.</summary>
    private async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        if (table.GetOrAdd(stream.Connection) is not { } session)
            return;
        table.Attach(session, stream)?.Reset();
        Open(stream.Connection);
        string reason;
        try
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Ended);
            PeerReader reader = new(router, session.Peer, options.Limits.MaxRpcSize, network.Time);
            string? fault = await reader.RunAsync(stream, ended.Token).ConfigureAwait(false);
            if (fault is null)
                await stream.CloseWriteAsync(ended.Token).ConfigureAwait(false);
            else
                stream.Reset();
            reason = fault ?? "closed by the peer";
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            reason = e.Message;
        }
        if (table.IsAttached(session, stream))
            End(session, reason);
    }

    /// <summary>Opens our stream to a peer and writes to it until the session ends.</summary>
    private async Task WriteAsync(PeerSession session)
    {
        try
        {
            PeerStream stream = await session.Connection.OpenStreamAsync(options.Protocols, session.Ended).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                router.SetReachable(session.Peer, stream.Protocol);
                Task watching = WatchAsync(session, stream);
                await session.Peer.Writer.RunAsync(stream, session.Ended).ConfigureAwait(false);
                // Disposing of a stream that the peer has not closed too would reset it, and what it has not read would be lost.
                await watching.ConfigureAwait(false);
            }
        }
        catch (UnsupportedProtocolException e)
        {
            // It may still write to us, as one that only publishes would.
            PubSubLog.NoStream(logger, session.Peer.Id, e.Message);
            router.SetUnreachable(session.Peer);
            if (session.Inbound is null)
                End(session, e.Message, mayRetry: false);
        }
        catch (Exception e) when (e is IOException or TimeoutException or OperationCanceledException)
        {
            End(session, e.Message);
        }
        finally
        {
            session.SetWritten();
        }
    }

    /// <summary>Notices when the peer resets our stream, even while there is nothing to write. Ends when the peer closes its side.</summary>
    private async Task WatchAsync(PeerSession session, PeerStream stream)
    {
        try
        {
            await stream.ReadAsync(new byte[1], session.Ended).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            End(session, e.Message);
        }
    }

    private void End(PeerSession session, string reason, bool mayRetry = true)
    {
        bool isConnected = network.FindConnection(session.Peer.Id) is not null;
        if (!table.End(session, mayRetry && isConnected))
            return;
        PubSubLog.StreamEnded(logger, session.Peer.Id, reason);
        SetValue(session.Peer, 0);
    }

    private void SetValue(GossipPeer peer, int value)
    {
        if (peer.Value == value)
            return;
        peer.Value = value;
        network.SetValue(peer.Id, ValueTag, value);
    }
}

using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.PubSub.Routing;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.PubSub.Sessions;

/// <summary>
/// Opens our stream to a peer, writes to it, and moves it when the network prefers another connection with that peer: after two peers
/// dialled each other at the same time, the surplus connection ends as soon as no stream is left on it.
/// </summary>
/// <remarks>
/// A move loses nothing: the new stream is opened first, the peer shows that it has it by closing its side of the old one, what is
/// written goes on between two RPCs, and the peer reads the old stream to its end before it begins with the new one.
/// </remarks>
/// <param name="network">Where the streams are opened.</param>
/// <param name="router">Is told to whom can be sent.</param>
/// <param name="protocols">What to propose.</param>
/// <param name="tasks">For what goes on beside the writing.</param>
/// <param name="logger">For the log.</param>
/// <param name="end">Ends a session, with the reason, and whether its streams may be opened again.</param>
internal sealed class SessionWriter(
    INetwork network, GossipRouter router, IReadOnlyList<string> protocols, TaskTracker tasks, ILogger logger, Action<PeerSession, string, bool> end)
{
    /// <summary>How long a peer has for showing that it has the new stream; it need not.</summary>
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(2);

    /// <summary>How long it has for reading the old one to its end and closing it; then that is reset.</summary>
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(30);

    /// <summary>Runs until the session ends.</summary>
    internal async Task RunAsync(PeerSession session)
    {
        try
        {
            PeerStream? stream = await session.Connection.OpenStreamAsync(protocols, session.Ended).ConfigureAwait(false);
            router.SetReachable(session.Peer, stream.Protocol);
            while (stream is not null)
                stream = await WriteAsync(session, stream).ConfigureAwait(false);
        }
        catch (UnsupportedProtocolException e)
        {
            // It may still write to us, as one that only publishes would.
            PubSubLog.NoStream(logger, session.Peer.Id, e.Message);
            router.SetUnreachable(session.Peer);
            if (session.Inbound is null)
                end(session, e.Message, false);
        }
        catch (Exception e) when (e is IOException or TimeoutException or OperationCanceledException)
        {
            end(session, e.Message, true);
        }
        finally
        {
            session.SetWritten();
        }
    }

    /// <summary>Begins to move our stream if the network prefers another connection than the one it is on.</summary>
    internal void Follow(PeerSession session)
    {
        if (session.IsSettled || session.Outbound is not { } outbound)
            return;
        // Before looking, so that a connection that comes meanwhile is not overlooked.
        session.IsSettled = true;
        if (network.FindConnection(session.Peer.Id) is not { } best || best == outbound.Stream.Connection)
            return;
        session.IsSettled = false;
        outbound.BeginSuccession(() => OpenSuccessorAsync(session, outbound, best));
    }

    /// <returns>The stream to go on with, or null if everything is written.</returns>
    private async Task<PeerStream?> WriteAsync(PeerSession session, PeerStream stream)
    {
        stream.RunsInline = true;
        OutboundStream outbound = new(stream);
        session.Outbound = outbound;
        Task watching = WatchAsync(session, outbound);
        bool isLeft = false;
        try
        {
            isLeft = !await session.Peer.Writer.RunAsync(stream, outbound.Left, session.Ended).ConfigureAwait(false);
            // Disposing of a stream that the peer has not closed too would reset it, and what it has not read would be lost.
            if (!isLeft)
                await watching.ConfigureAwait(false);
        }
        finally
        {
            session.Outbound = null;
            if (!isLeft)
                await DisposeAsync(outbound).ConfigureAwait(false);
        }
        if (!isLeft || await outbound.Successor.ConfigureAwait(false) is not { } next)
            return null;
        router.SetConnection(session.Peer, next.Connection, next.Protocol);
        tasks.Run(() => LetGoAsync(outbound));
        return next;
    }

    private static async Task DisposeAsync(OutboundStream outbound)
    {
        await outbound.Stream.DisposeAsync().ConfigureAwait(false);
        if (await outbound.EndAsync().ConfigureAwait(false) is { } unused)
            await unused.DisposeAsync().ConfigureAwait(false);
    }

    /// <returns>Null if the stream has to stay where it is.</returns>
    private async Task<PeerStream?> OpenSuccessorAsync(PeerSession session, OutboundStream outbound, IPeerConnection connection)
    {
        PeerStream? next = null;
        try
        {
            next = await connection.OpenStreamAsync(protocols, session.Ended).ConfigureAwait(false);
            await outbound.EndedByPeer.WaitAsync(LeavePatience, network.Time, session.Ended).ConfigureAwait(false);
        }
        catch (TimeoutException) when (next is not null)
        {
            // Not every peer shows that it has the new stream, but it has.
        }
        catch (Exception e) when (e is IOException or TimeoutException or OperationCanceledException)
        {
            PubSubLog.NotMoved(logger, session.Peer.Id, e.Message);
            if (next is not null)
                await next.DisposeAsync().ConfigureAwait(false);
            return null;
        }
        outbound.Leave();
        return next;
    }

    private async Task LetGoAsync(OutboundStream outbound)
    {
        await using (outbound.Stream.ConfigureAwait(false))
        {
            await outbound.Stream.CloseWriteAsync().ConfigureAwait(false);
            try
            {
                await outbound.EndedByPeer.WaitAsync(ReadPatience, network.Time).ConfigureAwait(false);
            }
            catch (TimeoutException e)
            {
                PubSubLog.StreamEnded(logger, outbound.Stream.Connection.RemotePeer, e.Message);
            }
        }
    }

    /// <summary>Notices when the peer resets our stream, even while there is nothing to write. Ends when the peer closes its side.</summary>
    private async Task WatchAsync(PeerSession session, OutboundStream outbound)
    {
        string? reason = null;
        try
        {
            await outbound.Stream.ReadAsync(new byte[1], session.Ended).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            reason = e.Message;
        }
        outbound.SetEndedByPeer();
        // Some peers reset a stream when they get a newer one.
        if (reason is not null && await outbound.Successor.ConfigureAwait(false) is null)
            end(session, reason, true);
    }
}

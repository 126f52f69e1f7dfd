using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Routing;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht.Lookups;

/// <summary>Makes single requests: limits their time, tells the trace, and lets the routing table know who answers and who does not.</summary>
internal sealed class Requester(IDhtNetwork network, RoutingTable table, TimeSpan timeout, TimeProvider time)
{
    /// <summary>How long addresses that others named are remembered when we ask the peer; a success refreshes them through identify.</summary>
    private static readonly TimeSpan HearsayLifetime = TimeSpan.FromMinutes(10);

    /// <summary>Raised when a peer was heard of that had no place in its bucket.</summary>
    internal event Action<PeerId>? Waiting;

    /// <summary>Asks a peer and waits for its answer.</summary>
    /// <returns>Null if there is none, for whatever reason; the trace has it, unless the caller cancelled.</returns>
    internal Task<DhtMessage?> RequestAsync(
        LookupPeer peer, DhtMessage request, QueryTrace trace, int path, CancellationToken cancellation)
    {
        if (peer.Addresses.Count > 0)
            network.Learn(peer.Peer, peer.Addresses, HearsayLifetime);
        return RequestAsync(peer.Peer, request, trace, path, cancellation);
    }

    /// <inheritdoc cref="RequestAsync(LookupPeer, DhtMessage, QueryTrace, int, CancellationToken)"/>
    internal async Task<DhtMessage?> RequestAsync(
        PeerId peer, DhtMessage request, QueryTrace trace, int path, CancellationToken cancellation)
    {
        DhtMessage? answer = null;
        bool done = await TryAsync(
            peer,
            request.Type,
            trace,
            path,
            async limit => answer = await network.RequestAsync(peer, request, limit).ConfigureAwait(false),
            cancellation).ConfigureAwait(false);
        if (!done)
            return null;
        trace.Answer(peer, request.Type, answer, path);
        Seen(peer, trace, path);
        return answer;
    }

    /// <summary>Sends a message that has no answer.</summary>
    /// <returns>False if it could not be delivered.</returns>
    internal async Task<bool> SendAsync(PeerId peer, DhtMessage message, QueryTrace trace, CancellationToken cancellation)
    {
        bool done = await TryAsync(
            peer,
            message.Type,
            trace,
            DhtEvent.NoPath,
            async limit => await network.SendAsync(peer, message, limit).ConfigureAwait(false),
            cancellation).ConfigureAwait(false);
        if (done)
            trace.Answer(peer, message.Type, null, DhtEvent.NoPath);
        return done;
    }

    /// <summary>Notes that a peer serves the protocol and is alive.</summary>
    internal AddResult Seen(PeerId peer)
    {
        if (!network.MayServe(peer))
            return AddResult.Refused;
        AddResult result = table.Add(peer, network.GroupOf(peer));
        if (result == AddResult.Waiting)
            Waiting?.Invoke(peer);
        return result;
    }

    private void Seen(PeerId peer, QueryTrace trace, int path)
    {
        if (Seen(peer) == AddResult.Added)
            trace.Added(peer, path);
    }

    private async Task<bool> TryAsync(
        PeerId peer, DhtMessageType type, QueryTrace trace, int path, Func<CancellationToken, Task> send, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return false;
        if (!network.IsConnected(peer))
            trace.Dial(peer, path);
        trace.Ask(peer, type, path);
        using CancellationTokenSource timer = new(timeout, time);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
        try
        {
            await send(limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (error is IOException or InvalidDataException or TimeoutException or OperationCanceledException)
        {
            if (cancellation.IsCancellationRequested)
                return false;
            string reason = timer.IsCancellationRequested ? $"TimeoutException: no answer within {timeout.TotalSeconds:0.#} s" : OneLine(error);
            trace.Fail(peer, type, reason, path);
            // A peer may well refuse to store what we send, and still be of use.
            if (type is not (DhtMessageType.PutValue or DhtMessageType.AddProvider))
                table.Fail(peer);
            return false;
        }
    }

    private static string OneLine(Exception error) => $"{error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")}";
}

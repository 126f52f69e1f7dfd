using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Dht.Messaging;

/// <summary>
/// Sends requests over streams that are used again for a while. Other implementations give up a silent stream after ten seconds, so ours
/// rest half as long, and a request on a stream that ended meanwhile is made once more on a fresh one; all requests may be repeated.
/// </summary>
internal sealed class MessageSender : IAsyncDisposable
{
    /// <summary>Idle streams of all peers; one more is closed at once.</summary>
    private const int MaxIdle = 256;

    /// <summary>Large answers that are read at once, of all peers: with the pool's sizes at most 32 MiB; more wait, as long as their request may take.</summary>
    private const int MaxLargeAnswers = 4;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(5);

    /// <summary>How long a remote may take to end its side after we ended ours.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(2);

    private readonly INetwork _network;
    private readonly string[] _protocols;
    private readonly int _places;
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, PeerLane> _lanes = [];
    private readonly ITimer _sweep;
    private readonly SemaphoreSlim _largeAnswers = new(MaxLargeAnswers);
    private int _idle;

    internal MessageSender(INetwork network, string protocol, int streamsPerPeer)
    {
        (_network, _protocols, _places) = (network, [protocol], streamsPerPeer);
        _sweep = network.Time.CreateTimer(_ => Sweep(IdleTime), null, IdleTime / 2, IdleTime / 2);
    }

    /// <summary>Idle streams.</summary>
    internal int Idle => Volatile.Read(ref _idle);

    /// <inheritdoc cref="IDhtNetwork.RequestAsync"/>
    internal Task<DhtMessage> RequestAsync(PeerId peer, DhtMessage request, CancellationToken cancellation) =>
        ExchangeAsync(peer, canReuse: true, stream => RequestAsync(stream, request, cancellation), cancellation);

    /// <inheritdoc cref="IDhtNetwork.SendAsync"/>
    internal Task SendAsync(PeerId peer, DhtMessage message, CancellationToken cancellation) =>
        ExchangeAsync(peer, canReuse: false, stream => SendAsync(stream, message, cancellation), cancellation);

    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync().ConfigureAwait(false);
        Sweep(TimeSpan.Zero);
    }

    private async Task<T> ExchangeAsync<T>(
        PeerId peer, bool canReuse, Func<PeerStream, Task<T>> exchange, CancellationToken cancellation)
    {
        PeerLane lane = Enter(peer);
        try
        {
            await lane.Places.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                return await ExchangeAsync(peer, lane, canReuse, exchange, cancellation).ConfigureAwait(false);
            }
            finally
            {
                lane.Places.Release();
            }
        }
        finally
        {
            Leave(peer, lane);
        }
    }

    private async Task<T> ExchangeAsync<T>(
        PeerId peer, PeerLane lane, bool canReuse, Func<PeerStream, Task<T>> exchange, CancellationToken cancellation)
    {
        if (canReuse && TakeIdle(lane) is PeerStream used)
        {
            try
            {
                return await RunAsync(lane, used, exchange).ConfigureAwait(false);
            }
            catch (IOException) when (!cancellation.IsCancellationRequested)
            {
                // The remote ended it while it rested, or its connection is gone.
            }
        }
        PeerStream fresh = await _network.OpenStreamAsync(peer, _protocols, cancellation).ConfigureAwait(false);
        return await RunAsync(lane, fresh, exchange).ConfigureAwait(false);
    }

    private async Task<T> RunAsync<T>(PeerLane lane, PeerStream stream, Func<PeerStream, Task<T>> exchange)
    {
        bool isReusable = false;
        try
        {
            T result = await exchange(stream).ConfigureAwait(false);
            isReusable = result is DhtMessage;
            return result;
        }
        finally
        {
            if (!isReusable || !TryRest(lane, stream))
                await stream.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<DhtMessage> RequestAsync(PeerStream stream, DhtMessage request, CancellationToken cancellation)
    {
        await MessageWriter.WriteAsync(stream, request, cancellation).ConfigureAwait(false);
        using MessageReader reader = new(stream, WireLimits.MaxResponseSize, _largeAnswers);
        DhtMessage answer = await reader.ReadAsync(cancellation).ConfigureAwait(false)
            ?? throw new StreamResetException("the stream ended without an answer");
        if (answer.Type != request.Type || reader.HasMore)
            throw new InvalidDataException($"the answer to {request.Type} is a {answer.Type}, or more than one");
        return answer;
    }

    /// <summary>Nothing is answered, but when the remote ends the stream it has dealt with the message.</summary>
    private async Task<bool> SendAsync(PeerStream stream, DhtMessage message, CancellationToken cancellation)
    {
        await MessageWriter.WriteAsync(stream, message, cancellation).ConfigureAwait(false);
        await FarewellAsync(stream, cancellation).ConfigureAwait(false);
        return true;
    }

    private async Task FarewellAsync(PeerStream stream, CancellationToken cancellation)
    {
        await stream.CloseWriteAsync(cancellation).ConfigureAwait(false);
        using CancellationTokenSource timer = new(FarewellTime, _network.Time);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
        try
        {
            await stream.ReadAsync(new byte[1], limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            // It need not end its side: the message is on its way all the same.
        }
        catch (StreamResetException)
        {
            // js-libp2p ends like this when it has taken the message and waits for another, so it does not mean a refusal.
        }
    }

    private PeerLane Enter(PeerId peer)
    {
        lock (_lock)
        {
            if (!_lanes.TryGetValue(peer, out PeerLane? lane))
                _lanes.Add(peer, lane = new PeerLane(_places));
            lane.Users++;
            return lane;
        }
    }

    private void Leave(PeerId peer, PeerLane lane)
    {
        lock (_lock)
        {
            lane.Users--;
            if (lane.Users == 0 && lane.Idle == 0)
                _lanes.Remove(peer);
        }
    }

    private PeerStream? TakeIdle(PeerLane lane)
    {
        lock (_lock)
        {
            PeerStream? stream = lane.Take();
            if (stream is not null)
                _idle--;
            return stream;
        }
    }

    private bool TryRest(PeerLane lane, PeerStream stream)
    {
        lock (_lock)
        {
            bool kept = _idle < MaxIdle && lane.TryKeep(stream, _network.Time.GetUtcNow());
            if (kept)
                _idle++;
            return kept;
        }
    }

    private void Sweep(TimeSpan age)
    {
        List<PeerStream> old = [];
        lock (_lock)
        {
            DateTimeOffset limit = _network.Time.GetUtcNow() - age;
            foreach ((PeerId peer, PeerLane lane) in _lanes.ToArray())
            {
                old.AddRange(lane.TakeOlder(limit));
                if (lane.Users == 0 && lane.Idle == 0)
                    _lanes.Remove(peer);
            }
            _idle -= old.Count;
        }
        foreach (PeerStream stream in old)
            _ = CloseAsync(stream);
    }

    private async Task CloseAsync(PeerStream stream)
    {
        try
        {
            await FarewellAsync(stream, CancellationToken.None).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // It ended before we could end it.
        }
        finally
        {
            await stream.DisposeAsync().ConfigureAwait(false);
        }
    }
}

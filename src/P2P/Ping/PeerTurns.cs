using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Ping;

/// <summary>
/// Lets so many run at once for each peer, over all of its connections; the others wait. A peer for which nobody runs or waits is
/// forgotten.
/// </summary>
/// <param name="places">For one peer.</param>
internal sealed class PeerTurns(int places)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, Lane> _lanes = [];

    /// <summary>Waits for a turn, which ends when what is returned is disposed.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before it came.</exception>
    internal async Task<IDisposable> EnterAsync(PeerId peer, CancellationToken cancellation)
    {
        Lane lane = Join(peer);
        try
        {
            await lane.Places.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Leave(peer, lane);
            throw;
        }
        return new Turn(this, peer, lane);
    }

    private Lane Join(PeerId peer)
    {
        lock (_lock)
        {
            if (!_lanes.TryGetValue(peer, out Lane? lane))
                _lanes.Add(peer, lane = new Lane(places));
            lane.Users++;
            return lane;
        }
    }

    private void Leave(PeerId peer, Lane lane)
    {
        lock (_lock)
        {
            if (--lane.Users == 0)
                _lanes.Remove(peer);
        }
    }

    private sealed class Lane(int places)
    {
        internal SemaphoreSlim Places { get; } = new(places);

        internal int Users { get; set; }
    }

    private sealed class Turn(PeerTurns turns, PeerId peer, Lane lane) : IDisposable
    {
        public void Dispose()
        {
            lane.Places.Release();
            turns.Leave(peer, lane);
        }
    }
}

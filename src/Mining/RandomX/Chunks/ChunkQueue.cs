using System.Diagnostics;

namespace P2PMiner.Mining.RandomX.Chunks;

/// <summary>
/// Which chunks of a dataset are still to be had, and who is about them: threads of this machine, or sources elsewhere. Threads take
/// from the front, sources from the back, in runs; whoever is faster gets more. When nothing is left to take, threads take over
/// what would come last. Each chunk has one holder at a time, so that none is written twice at once. Thread-safe.
/// </summary>
internal sealed class ChunkQueue
{
    private const byte Free = 0;
    private const byte Computed = 1;
    private const byte Fetched = 2;
    private const byte Checked = 3;
    private const byte Done = 4;

    private const int Local = 0;

    private readonly object _gate = new();
    private readonly int _items;
    private readonly byte[] _states;
    private readonly int[] _holders;

    // By number; the first stands for the threads of this machine.
    private readonly List<Source> _sources = [new Source()];
    private int _free;
    private int _doneItems;

    /// <param name="items">Items of the dataset, at least 1; those of the last chunk may be fewer.</param>
    internal ChunkQueue(int items)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(items);
        _items = items;
        _states = new byte[DatasetWorkers.ChunkCount(items)];
        _holders = new int[_states.Length];
        _free = _states.Length;
    }

    internal int Items => _items;

    internal int Chunks => _states.Length;

    internal int FreeChunks => Read(() => _free);

    internal int DoneItems => Volatile.Read(ref _doneItems);

    /// <summary>Of those done, the ones that came from elsewhere.</summary>
    internal int RemoteItems => Read(() => _doneItems - _sources[Local].Items);

    internal bool IsDone => DoneItems == _items;

    internal static int FirstItem(int chunk) => chunk * DatasetWorkers.ChunkItems;

    internal int ItemCount(int chunk) => Math.Min(DatasetWorkers.ChunkItems, _items - FirstItem(chunk));

    /// <summary>Takes a chunk to compute; waits while all are in hand and not yet done, because what others hold may come back.</summary>
    /// <param name="stop">Ends the wait, once <see cref="Wake"/> is called.</param>
    /// <param name="chunk">The caller <see cref="FinishLocal"/>s it.</param>
    /// <returns>False when all are done, or when stopped.</returns>
    internal bool TryTakeLocal(CancellationToken stop, out int chunk)
    {
        lock (_gate)
        {
            while (!stop.IsCancellationRequested && _doneItems < _items)
            {
                chunk = Array.IndexOf(_states, Free);
                if (chunk < 0)
                    chunk = LastToCome();
                if (chunk >= 0)
                {
                    Hold(chunk, Computed, Local);
                    return true;
                }
                Monitor.Wait(_gate);
            }
            chunk = -1;
            return false;
        }
    }

    /// <summary>Waits for so long at most, and not after the last chunk.</summary>
    /// <returns>False when all are done.</returns>
    internal bool Rest(TimeSpan most)
    {
        lock (_gate)
        {
            if (_doneItems < _items)
                Monitor.Wait(_gate, most);
            return _doneItems < _items;
        }
    }

    /// <summary>Has threads that wait look at their tokens.</summary>
    internal void Wake()
    {
        lock (_gate)
            Monitor.PulseAll(_gate);
    }

    internal void FinishLocal(int chunk)
    {
        lock (_gate)
        {
            Debug.Assert(_states[chunk] == Computed, "only who took it computes it");
            Finish(chunk);
        }
    }

    /// <summary>The number of a new source.</summary>
    internal int AddSource()
    {
        lock (_gate)
        {
            _sources.Add(new Source());
            return _sources.Count - 1;
        }
    }

    /// <summary>How fast a source has been, in chunks per second.</summary>
    internal void SetRate(int source, double rate)
    {
        lock (_gate)
            _sources[source].Rate = rate;
    }

    /// <summary>Takes a run of chunks for a source.</summary>
    internal bool TryTakeRemote(int source, int most, out int first, out int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most);
        lock (_gate)
        {
            (first, count) = (-1, 0);
            int last = _sources[source].IsRevoked ? -1 : Array.LastIndexOf(_states, Free);
            if (last < 0)
                return false;
            first = last;
            while (first > 0 && _states[first - 1] == Free && last - first + 1 < most)
                first--;
            count = last - first + 1;
            for (int chunk = first; chunk <= last; chunk++)
                Hold(chunk, Fetched, source);
            return true;
        }
    }

    /// <summary>Whether a chunk that a source brings is still wanted of it; if so, <see cref="EndCheck"/> follows, after <see cref="Revoke"/> when it is wrong.</summary>
    internal bool TryBeginCheck(int source, int chunk)
    {
        lock (_gate)
        {
            if (_states[chunk] != Fetched || _holders[chunk] != source)
                return false;
            Hold(chunk, Checked, source);
            return true;
        }
    }

    /// <summary>Nobody writes to the chunk any more: it is right and in its place, or it is to be had again.</summary>
    /// <param name="source">Began the check.</param>
    /// <param name="chunk">What was checked.</param>
    /// <param name="isRight">Of a source that was revoked it does not count.</param>
    /// <returns>False when it is to be had again.</returns>
    internal bool EndCheck(int source, int chunk, bool isRight = true)
    {
        lock (_gate)
        {
            Debug.Assert(_states[chunk] == Checked && _holders[chunk] == source, "only who began a check ends it");
            if (isRight && !_sources[source].IsRevoked)
            {
                Finish(chunk);
                return true;
            }
            Release(chunk);
            Monitor.PulseAll(_gate);
            return false;
        }
    }

    /// <summary>What a source holds and has not brought is to be had again.</summary>
    internal void Return(int source) => Release(source, state => state == Fetched);

    /// <summary>
    /// All that a source brought or holds is to be had again, and it gets no more. What is being checked, and so written, is free when its check ends.
    /// </summary>
    internal void Revoke(int source)
    {
        lock (_gate)
            _sources[source].IsRevoked = true;
        Release(source, state => state is Fetched or Done);
    }

    /// <summary>Chunks that a source brought.</summary>
    internal IReadOnlyList<int> DoneBy(int source)
    {
        lock (_gate)
            return [.. Enumerable.Range(0, Chunks).Where(chunk => _states[chunk] == Done && _holders[chunk] == source)];
    }

    private void Release(int source, Func<byte, bool> isReleased)
    {
        lock (_gate)
        {
            for (int chunk = 0; chunk < _states.Length; chunk++)
            {
                if (_holders[chunk] == source && isReleased(_states[chunk]))
                    Release(chunk);
            }
            Monitor.PulseAll(_gate);
        }
    }

    private void Release(int chunk)
    {
        if (_states[chunk] == Done)
            Count(chunk, -ItemCount(chunk));
        _states[chunk] = Free;
        _holders[chunk] = Local;
        _free++;
    }

    /// <summary>A chunk that is being fetched, and of all those the one that takes longest to arrive; -1 when there is none.</summary>
    private int LastToCome()
    {
        Dictionary<int, (int Count, int Last)> held = [];
        for (int chunk = 0; chunk < _states.Length; chunk++)
        {
            if (_states[chunk] == Fetched)
                held[_holders[chunk]] = (held.GetValueOrDefault(_holders[chunk]).Count + 1, chunk);
        }
        return held.Count == 0 ? -1 : held.MaxBy(pair => pair.Value.Count / _sources[pair.Key].Rate).Value.Last;
    }

    private void Hold(int chunk, byte state, int holder)
    {
        if (_states[chunk] == Free)
            _free--;
        _states[chunk] = state;
        _holders[chunk] = holder;
    }

    private void Finish(int chunk)
    {
        _states[chunk] = Done;
        Count(chunk, ItemCount(chunk));
        if (_doneItems == _items)
            Monitor.PulseAll(_gate);
    }

    private void Count(int chunk, int items)
    {
        _sources[_holders[chunk]].Items += items;
        Volatile.Write(ref _doneItems, _doneItems + items);
    }

    private int Read(Func<int> value)
    {
        lock (_gate)
            return value();
    }

    private sealed class Source
    {
        /// <summary>Items that it brought.</summary>
        public int Items { get; set; }

        /// <summary>Chunks per second; 0 until it is known, so that what it holds comes last.</summary>
        public double Rate { get; set; }

        public bool IsRevoked { get; set; }
    }
}

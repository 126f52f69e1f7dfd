using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Chunks;

/// <summary>Brings chunks of a dataset from elsewhere while this machine computes others.</summary>
public interface IChunkSupplier
{
    /// <summary>Brings chunks until cancelled, which happens when the dataset is done. Must not touch the intake after it has ended.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    Task SupplyAsync(ChunkIntake intake, CancellationToken cancellation);
}

/// <summary>Reads a chunk to where it belongs.</summary>
/// <returns>False when it cannot be right.</returns>
internal delegate bool ChunkRead(int chunk, Span<byte> place);

/// <summary>What became of a chunk from elsewhere.</summary>
public enum ChunkVerdict
{
    /// <summary>It looks right and is in its place.</summary>
    Taken,

    /// <summary>It is not wanted any more: somebody else brought it, or its source was revoked.</summary>
    Late,

    /// <summary>It is wrong. All that its source brought will be had again, and the source gets no more.</summary>
    Wrong,
}

/// <summary>Where chunks of a dataset that is being made can be brought to. Thread-safe.</summary>
public sealed class ChunkIntake
{
    private readonly RandomXDataset _dataset;
    private readonly ChunkQueue _queue;
    private readonly ChunkCheck _check;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly Lock _gate = new();
    private readonly List<ChunkSource> _sources = [];

    internal ChunkIntake(Hash256 key, RandomXDataset dataset, ChunkQueue queue, ChunkCheck check, TimeProvider time)
    {
        Key = key;
        _dataset = dataset;
        _queue = queue;
        _check = check;
        _time = time;
        _start = time.GetTimestamp();
    }

    /// <summary>Of the dataset.</summary>
    public Hash256 Key { get; }

    /// <summary>Chunks of the dataset, 2080 as a rule.</summary>
    public int Chunks => _queue.Chunks;

    /// <summary>Whether there is a chunk that nobody is about.</summary>
    public bool HasFree => _queue.FreeChunks > 0;

    /// <summary>Chunks per second that this machine computes on the average; 0 before it has computed one.</summary>
    public double LocalRate
    {
        get
        {
            double seconds = _time.GetElapsedTime(_start).TotalSeconds;
            return seconds > 0 ? (_queue.DoneItems - _queue.RemoteItems) / seconds / DatasetWorkers.ChunkItems : 0;
        }
    }

    /// <summary>Bytes of a chunk: 1 MiB, but for the last one.</summary>
    public int SizeOf(int chunk) => _queue.ItemCount(chunk) * RandomXLibrary.DatasetItemSize;

    /// <summary>A source of chunks, which the caller disposes.</summary>
    /// <param name="exposed">Called when chunks of it that had been taken turn out wrong; on any thread, also after its disposal.</param>
    public ChunkSource Open(Action exposed)
    {
        ChunkSource source = new(this, _queue, exposed, ChunkCheck.DrawsPerChunk);
        lock (_gate)
            _sources.Add(source);
        return source;
    }

    /// <summary>A source that has no reason to lie, whose chunks are looked at once only.</summary>
    /// <param name="draws">Items of each chunk that are computed to check it, at most <see cref="ChunkCheck.DrawsPerChunk"/>.</param>
    internal ChunkSource OpenOwn(int draws) => new(this, _queue, () => { }, draws);

    internal ChunkVerdict Take(int source, int chunk, ReadOnlySpan<byte> bytes, int draws)
    {
        if (!_queue.TryBeginCheck(source, chunk))
            return ChunkVerdict.Late;
        bool isRight = false;
        bool isTaken;
        try
        {
            int first = ChunkQueue.FirstItem(chunk);
            if (bytes.Length != SizeOf(chunk) || !_check.IsRight(first, bytes, draws))
                return ChunkVerdict.Wrong;
            using DatasetItems place = _dataset.BorrowForWriting(first, _queue.ItemCount(chunk));
            bytes.CopyTo(place.Bytes);
            isRight = true;
        }
        finally
        {
            if (!isRight)
                _queue.Revoke(source);
            isTaken = _queue.EndCheck(source, chunk);
        }
        return isTaken ? ChunkVerdict.Taken : ChunkVerdict.Late;
    }

    internal ChunkVerdict Read(int source, int chunk, ChunkRead read, int draws)
    {
        if (!_queue.TryBeginCheck(source, chunk))
            return ChunkVerdict.Late;
        bool isRead = false;
        bool isRight = false;
        try
        {
            int first = ChunkQueue.FirstItem(chunk);
            using DatasetItems place = _dataset.BorrowForWriting(first, _queue.ItemCount(chunk));
            isRead = read(chunk, place.Bytes);
            isRight = isRead && _check.IsRight(first, place.Bytes, draws);
        }
        finally
        {
            // What cannot be read says nothing about what was.
            if (isRead && !isRight)
                _queue.Revoke(source);
            isRight &= _queue.EndCheck(source, chunk, isRight);
        }
        return isRight ? ChunkVerdict.Taken : ChunkVerdict.Wrong;
    }

    /// <summary>Looks once more at all that was brought. False when some of it is wrong and has to be had again.</summary>
    internal bool CheckAll()
    {
        ChunkSource[] sources;
        lock (_gate)
            sources = [.. _sources];
        foreach (ChunkSource source in sources)
        {
            if (!_check.AreRight(_queue.DoneBy(source.Number), _queue))
                source.Expose();
        }
        return _queue.IsDone;
    }
}

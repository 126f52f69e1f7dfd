namespace P2PMiner.Mining.RandomX.Chunks;

/// <summary>One that brings chunks to a <see cref="ChunkIntake"/>: takes runs of them, and brings them in any order.</summary>
public sealed class ChunkSource : IDisposable
{
    private readonly ChunkIntake _intake;
    private readonly ChunkQueue _queue;
    private readonly Action _exposed;
    private readonly int _draws;

    internal ChunkSource(ChunkIntake intake, ChunkQueue queue, Action exposed, int draws)
    {
        _draws = draws;
        _intake = intake;
        _queue = queue;
        _exposed = exposed;
        Number = queue.AddSource();
    }

    internal int Number { get; }

    /// <summary>Takes chunks that follow one another, beside those taken before.</summary>
    /// <param name="most">At least 1.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many; 0 when none are left.</param>
    public bool TryTake(int most, out int first, out int count) => _queue.TryTakeRemote(Number, most, out first, out count);

    /// <summary>Brings a chunk. It is spot-checked here, which takes about a millisecond, and copied.</summary>
    /// <param name="chunk">One of those taken.</param>
    /// <param name="bytes">As many as <see cref="ChunkIntake.SizeOf"/> says.</param>
    /// <exception cref="ArgumentOutOfRangeException">No chunk of the dataset.</exception>
    public ChunkVerdict Offer(int chunk, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chunk);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chunk, _intake.Chunks);
        return _intake.Take(Number, chunk, bytes, _draws);
    }

    /// <summary>As <see cref="Offer"/>, for who can bring a chunk to its place himself. Nobody takes it over meanwhile.</summary>
    /// <param name="chunk">One of those taken.</param>
    /// <param name="read">Called at most once. What it throws is passed on, and the chunk will be had again.</param>
    internal ChunkVerdict Read(int chunk, ChunkRead read) => _intake.Read(Number, chunk, read, _draws);

    /// <summary>Says how fast it is, in chunks per second: of several, threads help out the slowest.</summary>
    public void SetRate(double rate) => _queue.SetRate(Number, rate);

    /// <summary>Gives back what was taken and not brought. The source can go on with other chunks.</summary>
    public void Return() => _queue.Return(Number);

    /// <summary>All that it brought will be had again, and it gets no more: who is behind it was caught at something. For ever; harmless when repeated.</summary>
    public void Revoke() => _queue.Revoke(Number);

    /// <inheritdoc cref="Return"/>
    public void Dispose() => Return();

    internal void Expose()
    {
        Revoke();
        _exposed();
    }
}

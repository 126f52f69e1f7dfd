using P2PMiner.Mining.RandomX.Chunks;

namespace P2PMiner.Mining.RandomX.Files;

/// <summary>
/// Brings chunks from a dataset file while others are computed. On top of the fingerprints, items are computed again as of what others
/// send, so that a file that was written by a faulty machine is found too.
/// </summary>
/// <param name="file">Of the dataset's key.</param>
internal sealed class FileSupplier(DatasetFileReader file) : IChunkSupplier
{
    /// <summary>Reads under way: while some wait for a CPU, of which those that compute leave none idle, the disk has others to read.</summary>
    private const int Readers = 16;

    /// <summary>Of each chunk, a quarter of what is computed of those that others send, who may pick what is wrong.</summary>
    private const int Draws = ChunkCheck.DrawsPerChunk / 4;

    private volatile string? _flaw;

    /// <summary>Why the file is not used any more, a clause for the user; null while nothing is wrong.</summary>
    internal string? Flaw => _flaw;

    public Task SupplyAsync(ChunkIntake intake, CancellationToken cancellation) => Task.WhenAll(Enumerable.Range(0, Readers).Select(
        _ => Task.Factory.StartNew(
            () => Read(intake, cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

    private void Read(ChunkIntake intake, CancellationToken cancellation)
    {
        Lazy<ChunkBuffer> buffer = new(() => new ChunkBuffer());
        using ChunkSource source = intake.OpenOwn(Draws);
        bool isUndamaged = true;
        try
        {
            while (_flaw is null && !cancellation.IsCancellationRequested && source.TryTake(1, out int chunk, out _))
            {
                ChunkVerdict verdict = source.Read(chunk, (number, place) => isUndamaged = file.TryRead(number, place, buffer));
                if (verdict == ChunkVerdict.Wrong)
                    _flaw = isUndamaged ? "items in it are wrong" : "it is damaged";
            }
        }
        catch (IOException e)
        {
            _flaw = e.Message;
        }
    }
}

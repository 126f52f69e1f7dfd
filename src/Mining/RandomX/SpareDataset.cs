using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX;

/// <summary>
/// The memory of a dataset whose key was replaced, for that of the new key: pages that are there already need not be cleared by the
/// system, which takes longer than to fill them from a disk. Thread-safe.
/// </summary>
/// <param name="isWanted">Whether a whole dataset is to be made now; called on any thread.</param>
internal sealed class SpareDataset(Func<bool> isWanted)
{
    private readonly Lock _gate = new();
    private RandomXDataset? _memory;
    private IRandomXEngine? _engine;

    /// <summary>Lets memory be used as a dataset. When that is gone the memory is kept if it is wanted then, else given back.</summary>
    /// <param name="memory">A whole dataset, which nobody else uses.</param>
    /// <param name="engine">Allocated it.</param>
    internal RandomXDataset Lend(RandomXDataset memory, IRandomXEngine engine) => memory.Lend(() => Return(memory, engine));

    /// <summary>The memory, when there is some of that engine; another engine's is given back. The items have any value.</summary>
    internal RandomXDataset? TryTake(IRandomXEngine engine)
    {
        RandomXDataset? memory;
        lock (_gate)
        {
            memory = _engine == engine ? _memory : null;
            if (memory is not null)
                _memory = null;
        }
        if (memory is null)
            Replace(null, null);
        return memory;
    }

    /// <summary>Gives the memory back, unless it is wanted.</summary>
    internal void DropUnwanted()
    {
        if (!isWanted())
            Replace(null, null);
    }

    private void Return(RandomXDataset memory, IRandomXEngine engine)
    {
        if (isWanted())
            Replace(memory, engine);
        else
            memory.Dispose();
    }

    private void Replace(RandomXDataset? memory, IRandomXEngine? engine)
    {
        RandomXDataset? old;
        lock (_gate)
            (old, _memory, _engine) = (_memory, memory, engine);
        old?.Dispose();
    }
}

using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>
/// A cache of engine <c>managed</c> that is begun before the engines are looked for: of all that comes before the first hash it takes
/// longest, and one CPU. Whoever asks that engine for a cache of the same key gets it; nobody has to.
/// </summary>
public sealed class EarlyCache : IDisposable
{
    private readonly byte[] _key;
    private readonly PagePreference _pages;
    private readonly CancellationTokenSource _stop = new();
    private Task<ManagedCache>? _making;

    private EarlyCache(ReadOnlySpan<byte> key, PagePreference pages)
    {
        _key = key.ToArray();
        _pages = pages;
        _making = Task.Factory.StartNew(
            () => ManagedCache.Create(_key, _pages, _stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Begins on another thread and returns at once; null where that engine will not hash.</summary>
    /// <param name="kind">What the user asked for.</param>
    /// <param name="key">At most 60 bytes.</param>
    /// <param name="pages">Of the cache.</param>
    public static EarlyCache? TryBegin(EngineKind kind, ReadOnlySpan<byte> key, PagePreference pages) =>
        kind == EngineKind.Native || ManagedEngine.WhyInterpreted is not null ? null : new EarlyCache(key, pages);

    /// <summary>Ends what nobody asked for.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _making, null) is Task<ManagedCache> making)
            GiveUp(making);
    }

    /// <summary>Waits for the cache, which is the caller's then; null when it was taken, or is another one.</summary>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where they were asked for.</exception>
    internal ManagedCache? TryTake(ReadOnlySpan<byte> key, PagePreference pages)
    {
        if (Interlocked.Exchange(ref _making, null) is not Task<ManagedCache> making)
            return null;
        if (key.SequenceEqual(_key) && pages == _pages)
            return making.GetAwaiter().GetResult();
        GiveUp(making);
        return null;
    }

    private void GiveUp(Task<ManagedCache> making)
    {
        _stop.Cancel();
        // Where there was no memory for it there is nothing to give back, and whoever needs a cache hears of it.
        making.ContinueWith(
            made => { if (made.IsCompletedSuccessfully) made.Result.Dispose(); },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}

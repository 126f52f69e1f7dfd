using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>An implementation of RandomX v1: makes caches, datasets and what hashes with them. Thread-safe.</summary>
public interface IRandomXEngine
{
    /// <summary>As <c>--engine</c> names it.</summary>
    string Name { get; }

    /// <summary>Waits until the engine has shown on this machine that it computes RandomX.</summary>
    /// <exception cref="RandomXUnavailableException">It cannot run here, or gives wrong hashes; one line says what to do.</exception>
    void EnsureProven();

    /// <summary>Makes a cache, which takes 0.2 to 2 seconds of one core.</summary>
    /// <exception cref="RandomXUnavailableException">The engine cannot run here.</exception>
    /// <exception cref="InsufficientMemoryException">No memory, or no huge pages where they were asked for.</exception>
    IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages);

    /// <summary>Allocates an empty dataset that this engine can fill and hash with.</summary>
    /// <inheritdoc cref="CreateCache" path="/exception"/>
    RandomXDataset AllocateDataset(PagePreference pages);

    /// <summary>Makes the fastest hasher without a dataset.</summary>
    /// <param name="cache">Made by this engine.</param>
    /// <param name="pages">Of scratchpads.</param>
    /// <inheritdoc cref="CreateCache" path="/exception"/>
    IHasher CreateLight(IRandomXCache cache, PagePreference pages);

    /// <summary>
    /// Finds out what is fastest with a dataset, and whether it gives the same hashes as the cache. May take seconds of all
    /// threads. To be called once for every dataset, before <see cref="CreateFull"/>.
    /// </summary>
    /// <param name="cache">Made by this engine, of the dataset's key.</param>
    /// <param name="dataset">Complete, and allocated by this engine.</param>
    /// <param name="pages">Of scratchpads.</param>
    /// <param name="cancellation">Ends it between measurements.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="RandomXUnavailableException">The hashes differ.</exception>
    /// <exception cref="InsufficientMemoryException">No memory for the machines.</exception>
    void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation);

    /// <summary>Makes the fastest hasher with a dataset.</summary>
    /// <param name="dataset">Complete, and allocated by this engine.</param>
    /// <param name="pages">Of scratchpads.</param>
    /// <inheritdoc cref="CreateCache" path="/exception"/>
    IHasher CreateFull(RandomXDataset dataset, PagePreference pages);

    /// <summary>Allocates room for the first items of a dataset; null where this engine hashes with whole ones only.</summary>
    /// <inheritdoc cref="CreateCache" path="/exception"/>
    RandomXDataset? TryAllocatePart(PagePreference pages, int itemCount) => null;

    /// <summary>
    /// Finds out whether hashing with a part of a dataset is faster than without any, and gives the same hashes. May take seconds of
    /// all threads.
    /// </summary>
    /// <param name="cache">Made by this engine, of the part's key.</param>
    /// <param name="part">Complete, from <see cref="TryAllocatePart"/>.</param>
    /// <param name="pages">Of scratchpads.</param>
    /// <param name="cancellation">Ends it between measurements.</param>
    /// <inheritdoc cref="PrepareFull" path="/exception"/>
    bool PreparePart(IRandomXCache cache, RandomXDataset part, PagePreference pages, CancellationToken cancellation) => true;

    /// <summary>Makes the fastest hasher that reads the items that are held and computes the others.</summary>
    /// <param name="cache">Made by this engine.</param>
    /// <param name="part">Complete, of the same key, from <see cref="TryAllocatePart"/>.</param>
    /// <param name="pages">Of scratchpads.</param>
    /// <inheritdoc cref="CreateCache" path="/exception"/>
    IHasher CreateHybrid(IRandomXCache cache, RandomXDataset part, PagePreference pages) => CreateLight(cache, pages);

    /// <summary>
    /// Makes a hasher of single inputs that shares as little as possible with those that mine. Where it has several lanes, those
    /// without an input rest.
    /// </summary>
    /// <param name="cache">Made by this engine.</param>
    /// <param name="isCompiled">Machine code, where interpreting is too slow or several inputs wait.</param>
    /// <param name="pages">Of scratchpads.</param>
    /// <inheritdoc cref="CreateCache" path="/exception"/>
    IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages);
}

using P2PMiner.Hardware;

namespace P2PMiner.Mining.RandomX;

/// <summary>How far a key's cache is.</summary>
public enum CacheState
{
    /// <summary>Not begun.</summary>
    None,

    /// <summary>Being filled.</summary>
    Building,

    /// <summary>Light mode is possible.</summary>
    Ready,

    /// <summary>It could not be made; the log says why.</summary>
    Failed,
}

/// <summary>How far a key's dataset is.</summary>
public enum DatasetState
{
    /// <summary>Not begun, or not wanted.</summary>
    None,

    /// <summary>Being computed.</summary>
    Building,

    /// <summary>Being read from the dataset file, and computed meanwhile.</summary>
    Loading,

    /// <summary>Full mode is possible.</summary>
    Ready,

    /// <summary>It could not be made, so light mode goes on; the log says why.</summary>
    Failed,
}

/// <summary>The state of one key's memory.</summary>
/// <param name="Key">The key.</param>
/// <param name="IsCurrent">Whether it is the current key; else the next one.</param>
/// <param name="Cache">State of the cache.</param>
/// <param name="CacheTime">How long the cache took; null until it is ready.</param>
/// <param name="CachePages">Pages of the cache; null until it is ready.</param>
/// <param name="Dataset">State of the dataset.</param>
/// <param name="Progress">Of the dataset while it is built or loaded; all done when it is ready.</param>
/// <param name="DatasetTime">How long the dataset took, with copies for other NUMA nodes; null until it is ready.</param>
/// <param name="DatasetPages">Pages of the dataset; null until it is ready.</param>
public sealed record KeyStatus(
    Hash256 Key,
    bool IsCurrent,
    CacheState Cache,
    TimeSpan? CacheTime,
    PageKind? CachePages,
    DatasetState Dataset,
    DatasetProgress Progress,
    TimeSpan? DatasetTime,
    PageKind? DatasetPages)
{
    /// <summary>Whether the dataset, for which there was no memory yet, lies on the disk.</summary>
    public bool IsKept { get; init; }
}

/// <summary>The state of a <see cref="KeyStore"/> at one moment.</summary>
/// <param name="Generation">See <see cref="KeyStore.Generation"/>.</param>
/// <param name="Keys">The current key first; empty before any key is set.</param>
public sealed record KeyStoreStatus(int Generation, IReadOnlyList<KeyStatus> Keys);

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>How a dataset line is brought to the caches before it is read.</summary>
internal enum PrefetchKind
{
    /// <summary>By a prefetch instruction as soon as its address is known.</summary>
    Plain,

    /// <summary>By prefetches of all lanes behind each other, so that their page walks overlap.</summary>
    Batched,

    /// <summary>
    /// First by a load that is never retired, which fills the TLB and holds up nothing, then by a prefetch that finds its page
    /// there. A prefetch that misses the TLB holds up everything behind it on some processors.
    /// </summary>
    Touched,
}

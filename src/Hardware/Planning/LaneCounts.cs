namespace P2PMiner.Hardware;

/// <summary>
/// How many machines (lanes) an engine gives to one thread; each has a scratchpad of its own. Those that are tried with a dataset exist
/// beside those that hash without one meanwhile.
/// </summary>
/// <param name="Light">Without a dataset, at least 1.</param>
/// <param name="Full">Tried with a whole dataset, at most; 0 where nothing is tried and one lane takes the other's place.</param>
/// <param name="Hybrid">The same with a part of a dataset.</param>
public readonly record struct LaneCounts(int Light, int Full, int Hybrid)
{
    /// <summary>Of an engine that hashes one input at a time and tries nothing.</summary>
    public static LaneCounts One { get; } = new(1, 0, 0);

    /// <summary>The greatest number of lanes that hash together.</summary>
    public int Most => Math.Max(Light, Math.Max(Full, Hybrid));

    /// <summary>The lanes that a thread has at once in a mode, the trial included, where no more than <paramref name="most"/> may hash together.</summary>
    public int AtOnce(MemoryMode mode, int most) => Math.Min(Light, most) + Math.Min(most, mode switch
    {
        MemoryMode.Full => Full,
        MemoryMode.Hybrid => Hybrid,
        _ => 0,
    });
}

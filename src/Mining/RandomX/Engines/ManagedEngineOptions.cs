using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>What <see cref="ManagedEngine"/> should know about the machine and the user's wishes.</summary>
public sealed record ManagedEngineOptions
{
    /// <summary>Threads that will hash, at least 1: the calibration uses as many.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>The CPU's name and version; a calibration is not used on another one.</summary>
    public string Cpu { get; init; } = "";

    /// <summary>Bytes of the last cache that are one thread's; null when unknown.</summary>
    public long? CachePerThread { get; init; }

    /// <summary>How many lanes of a thread there is memory for, at least 1.</summary>
    public int MaxLanes { get; init; } = int.MaxValue;

    /// <summary>Whether a part of a dataset is used only where that was measured to be faster than none.</summary>
    public bool MeasuresParts { get; init; }

    /// <summary>Where the calibration is remembered; null calibrates in every run.</summary>
    public string? CalibrationFile { get; init; }

    /// <summary>
    /// How long the engine's hashes are compared with librandomx's on a CPU on which that has not been done yet, where the choice of the
    /// engine is left open; null compares nothing.
    /// </summary>
    public ShadowTrial? Trial { get; init; }

    /// <summary>Takes part in the calibration, and hashes with the dataset where it is faster; null for nobody.</summary>
    public NativeEngine? Rival { get; init; }

    /// <summary>Taken where it is the one asked for; must outlive the engine. Null for none.</summary>
    public EarlyCache? EarlyCache { get; init; }

    /// <summary>Told what was chosen.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;
}

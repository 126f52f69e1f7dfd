using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>What <see cref="ManagedEngine"/> should know about the machine and the user's wishes.</summary>
public sealed record ManagedEngineOptions
{
    /// <summary>Threads that will hash, at least 1: the calibration uses as many.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>The CPU's name; a calibration is not used on another one.</summary>
    public string Cpu { get; init; } = "";

    /// <summary>Where the calibration is remembered; null calibrates in every run.</summary>
    public string? CalibrationFile { get; init; }

    /// <summary>Takes part in the calibration, and hashes with the dataset where it is faster; null for nobody.</summary>
    public NativeEngine? Rival { get; init; }

    /// <summary>Told what was chosen.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;
}

using System.Diagnostics;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>What the machines of a thread do for a hash.</summary>
internal enum HashStage
{
    /// <summary>The input's hash, and the scratchpad that is made of it.</summary>
    Fill,

    /// <summary>Seeds of the later programs: hashes of the registers.</summary>
    Seed,

    /// <summary>Random numbers for a program.</summary>
    Generate,

    /// <summary>Machine code of them.</summary>
    Compile,

    /// <summary>All iterations with a dataset; without a whole one, all up to the places where an item is needed that is not there.</summary>
    Execute,

    /// <summary>Dataset items, of machines without a whole dataset, and the ends of the iterations that waited for them.</summary>
    Items,

    /// <summary>The scratchpad's fingerprint and the hash; with them the next <see cref="Fill"/>, where another input is known.</summary>
    Finish,
}

/// <summary>How long machines spent in each stage; for measurements. For one thread.</summary>
internal sealed class StageTimes
{
    private readonly long[] _ticks = new long[(int)HashStage.Finish + 1];
    private long _last;

    /// <summary>Time since construction, or the last <see cref="Clear"/>.</summary>
    public TimeSpan this[HashStage stage] => TimeSpan.FromSeconds((double)_ticks[(int)stage] / Stopwatch.Frequency);

    public void Clear() => Array.Clear(_ticks);

    /// <summary>What comes now belongs to the stage that is ended next.</summary>
    public void Begin() => _last = Stopwatch.GetTimestamp();

    /// <summary>Ends a stage and begins another one.</summary>
    public void End(HashStage stage)
    {
        long now = Stopwatch.GetTimestamp();
        _ticks[(int)stage] += now - _last;
        _last = now;
    }
}

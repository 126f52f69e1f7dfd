using Microsoft.Extensions.Logging;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>
/// Engine <c>shadow</c>: one engine hashes, and another one hashes some of the same inputs again, from a cache of its own. At the
/// first difference the interpreter decides which one is faulty; where there is no memory for it, the one that hashes counts as faulty.
/// </summary>
public sealed class ShadowEngine : IRandomXEngine, IAsyncDisposable
{
    /// <summary>One hash in so many is compared. At ten times the cost of a full hash that is some 4 % of one thread.</summary>
    public const int DefaultInterval = 256;

    private readonly IRandomXEngine _first;
    private readonly IRandomXEngine _second;
    private readonly int _interval;
    private readonly ILogger _log;
    private readonly ShadowTrial? _trial;
    private readonly ShadowChecker _checker;

    /// <param name="first">Hashes.</param>
    /// <param name="second">Hashes again, without a dataset.</param>
    /// <param name="log">Told of every difference.</param>
    /// <param name="interval">One hash in so many is compared, at least 1.</param>
    /// <param name="trial">When to begin and to end comparing; null compares all the time.</param>
    public ShadowEngine(IRandomXEngine first, IRandomXEngine second, ILogger log, int interval = DefaultInterval, ShadowTrial? trial = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, 1);
        _first = first;
        _second = second;
        _interval = interval;
        _log = log;
        _trial = trial;
        _checker = new ShadowChecker(second, log, Judge, trial, () => TrialPassed?.Invoke());
        Failure = FailureOf(_checker.Completion);
    }

    /// <summary>Called at the first difference, on a thread of its own, with the engine that was right.</summary>
    public event Action<IRandomXEngine>? FaultFound;

    /// <summary>Called when a trial ends and no hashes were different, on a thread of its own. The first engine goes on alone, through this object.</summary>
    public event Action? TrialPassed;

    /// <summary>In a trial, the engine that hashes.</summary>
    public string Name => _trial is null ? "shadow" : _first.Name;

    /// <summary>What was compared so far.</summary>
    public ShadowCounts Counts => _checker.Counts;

    /// <summary>Completes in fault when comparing died of an unexpected error, and not otherwise.</summary>
    public Task Failure { get; }

    public void EnsureProven()
    {
        _first.EnsureProven();
        // A trial holds up nothing; whether the second engine can be had is seen when it is needed.
        if (_trial is null)
            _second.EnsureProven();
    }

    public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages) => _first.CreateCache(key, pages);

    public RandomXDataset AllocateDataset(PagePreference pages) => _first.AllocateDataset(pages);

    public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation) =>
        _first.PrepareFull(cache, dataset, pages, cancellation);

    public bool PreparePart(IRandomXCache cache, RandomXDataset part, PagePreference pages, CancellationToken cancellation) =>
        _first.PreparePart(cache, part, pages, cancellation);

    public IHasher CreateLight(IRandomXCache cache, PagePreference pages) =>
        new ShadowHasher(_first.CreateLight(cache, pages), _checker, _interval);

    // Where calibration took the other engine's machine, there is nothing to compare until the next start.
    public IHasher CreateFull(RandomXDataset dataset, PagePreference pages)
    {
        IHasher full = _first.CreateFull(dataset, pages);
        if (_first.Name != _second.Name)
            return new ShadowHasher(full, _checker, _interval);
        _checker.End();
        return full;
    }

    public RandomXDataset? TryAllocatePart(PagePreference pages, int itemCount) => _first.TryAllocatePart(pages, itemCount);

    public IHasher CreateHybrid(IRandomXCache cache, RandomXDataset part, PagePreference pages) =>
        new ShadowHasher(_first.CreateHybrid(cache, part, pages), _checker, _interval);

    public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages) =>
        _first.CreateVerifier(cache, isCompiled, pages);

    /// <summary>Ends after the comparison under way.</summary>
    public ValueTask DisposeAsync() => _checker.DisposeAsync();

    private static async Task FailureOf(Task task)
    {
        await task;
        await new TaskCompletionSource().Task;
    }

    private void Judge(ShadowSample sample, byte[] secondHash)
    {
        string judgement;
        bool isFirstRight = false;
        try
        {
            byte[] third = ShadowChecker.Interpret(sample);
            isFirstRight = third.AsSpan().SequenceEqual(sample.Hash);
            judgement = $"the interpreter {Convert.ToHexStringLower(third)}";
        }
        catch (InsufficientMemoryException e)
        {
            judgement = $"the interpreter none ({e.Message})";
        }
        IRandomXEngine right = isFirstRight ? _first : _second;
        string key = Convert.ToHexStringLower(sample.Key);
        string input = Convert.ToHexStringLower(sample.Input);
        string hashes = $"{_first.Name} gave {Convert.ToHexStringLower(sample.Hash)}, {_second.Name} "
            + $"{Convert.ToHexStringLower(secondHash)}, {judgement}";
        _log.LogCritical("Engines differ: key {Key}, input {Input}: {Hashes}. Only {Right} goes on", key, input, hashes, right.Name);
        if (isFirstRight && _first is ManagedEngine managed)
            managed.RefuseRival();
        FaultFound?.Invoke(right);
    }
}

using System.Runtime.Intrinsics.X86;
using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Managed;
using P2PMiner.Mining.RandomX.Managed.X86;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>
/// Engine <c>managed</c>: RandomX in C#, with machine code of our own on x86-64 Linux, interpreted elsewhere.
/// </summary>
public sealed class ManagedEngine : IRandomXEngine
{
    /// <summary>Without a dataset, on CPUs that compute most items at once.</summary>
    public const int MaxLightLanes = ItemBatch.MostItems;

    /// <summary>KiB of the self-test's cache.</summary>
    internal const int ProofBlocks = 1024;

    /// <summary>What "This is a test" hashes to with it.</summary>
    internal const string ProofHash = "29bc826828b6d6c9174d99fba80d821e524e2ab33ed1733de20e927e82a2a252";

    private static readonly Lazy<Task> Proof = new(static () => Task.Factory.StartNew(
        Prove, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));

    private static readonly Lazy<string?> CodeProblem = new(static () => FindCodeProblem(static size => CodeMemory.Allocate(size)));

    private readonly ManagedEngineOptions _options;
    private readonly CalibrationFile _file;
    private readonly IReadOnlyList<FullMachine> _candidates;
    private volatile FullMachine _full;
    private volatile string? _calibratedFor;
    private volatile bool _isRivalFaulty;

    /// <summary>Begins the self-test on another thread.</summary>
    /// <param name="options">Null for the defaults.</param>
    public ManagedEngine(ManagedEngineOptions? options = null)
    {
        BeginProof();
        _options = options ?? new ManagedEngineOptions();
        _file = new CalibrationFile(_options.CalibrationFile);
        IEnumerable<FullMachine> own = WhyInterpreted is null
            ? FullMachine.Candidates(Math.Min(_options.MaxLanes, FullMachine.MostLanes(_options.CachePerThread)), canTouch: !ShadowStack.IsOn).Select(FullMachine.Of)
            : [FullMachine.Interpreted];
        _candidates = _options.Rival is NativeEngine rival ? [.. own, new FullMachine(rival.Name, rival.CreateFull)] : [.. own];
        _full = _candidates[0];
    }

    public string Name => _full.Name == _options.Rival?.Name ? _full.Name : "managed";

    /// <summary>Hashes without the rival from now on, which was found faulty.</summary>
    internal void RefuseRival()
    {
        _isRivalFaulty = true;
        if (_full.Name == _options.Rival?.Name)
            (_full, _calibratedFor) = (_candidates[0], null);
    }

    /// <summary>Why machine code cannot be made here, so that programs are interpreted; null where it can.</summary>
    public static string? WhyInterpreted => CodeProblem.Value;

    /// <summary>As <see cref="WhyInterpreted"/>, of RandomX v2, which ends every iteration with AES rounds.</summary>
    public static string? WhySecondInterpreted =>
        WhyInterpreted ?? (Aes.IsSupported ? null : "this CPU has no AES instructions, which machine code of RandomX v2 needs");

    /// <summary>What a thread gets on this machine where memory is not short.</summary>
    /// <param name="cachePerThread">As in <see cref="ManagedEngineOptions.CachePerThread"/>.</param>
    public static LaneCounts LanesPerThread(long? cachePerThread)
    {
        if (WhyInterpreted is not null)
            return new LaneCounts(1, 1, 0);
        int batch = ItemCompiler.IsAvx512Supported ? 8 : Avx2.IsSupported ? 4 : 1;
        return new LaneCounts(
            HybridVm.BestLanes(batch, hasPart: false), FullMachine.MostLanes(cachePerThread), HybridVm.BestLanes(batch, hasPart: true));
    }

    /// <summary>Begins the self-test on another thread, if it was not yet.</summary>
    internal static void BeginProof() => _ = Proof.Value;

    public void EnsureProven() => Proof.Value.GetAwaiter().GetResult();

    public IRandomXCache CreateCache(ReadOnlySpan<byte> key, PagePreference pages)
    {
        if (key.Length > RandomXLibrary.MaxKeySize)
            throw new ArgumentException($"a RandomX key has at most {RandomXLibrary.MaxKeySize} bytes, not {key.Length}", nameof(key));
        return _options.EarlyCache?.TryTake(key, pages) ?? ManagedCache.Create(key, pages);
    }

    public RandomXDataset AllocateDataset(PagePreference pages) =>
        _options.Rival?.AllocateDataset(pages) ?? RandomXDataset.AllocateOwn(pages);

    public void PrepareFull(IRandomXCache cache, RandomXDataset dataset, PagePreference pages, CancellationToken cancellation)
    {
        using IHasher verifier = CreateVerifier(cache, isCompiled: true, pages);
        FullTrial trial = new(dataset, verifier, _options.Threads, pages);
        string lanes = _options.MaxLanes < FullMachine.MostLanes(_options.CachePerThread) ? $", {_options.MaxLanes} lanes" : "";
        string circumstances = $"{_options.Cpu}, {_options.Threads} threads, {_options.CachePerThread / 1024} KiB, {dataset.PageKind.ToString().ToLowerInvariant()} pages{lanes}";
        if (_calibratedFor != circumstances && _file.Find(circumstances) is string name && Candidates.FirstOrDefault(c => c.Name == name) is FullMachine known)
        {
            _full = known;
            _calibratedFor = circumstances;
        }
        if (_calibratedFor != circumstances || !IsUsable(trial))
            Calibrate(trial, circumstances, cancellation);
    }

    public bool PreparePart(IRandomXCache cache, RandomXDataset part, PagePreference pages, CancellationToken cancellation)
    {
        if (!_options.MeasuresParts)
            return true;
        using IHasher verifier = CreateVerifier(cache, isCompiled: true, pages);
        FullTrial trial = new(part, verifier, _options.Threads, pages);
        FullMachine with = new("part", (dataset, scratchpads) => CreateHybrid(cache, dataset, scratchpads));
        FullMachine without = new("none", (_, scratchpads) => CreateLight(cache, scratchpads));
        (FullMachine? choice, IReadOnlyList<(FullMachine Machine, double? Rate)> rates) =
            Calibration.Choose([with, without], trial.Measure, cancellation);
        _options.Log.LogInformation(
            "With {Part} MiB of the dataset {With:F0} H/s, without any {Without:F0} H/s: {Choice} is taken",
            (long)part.ItemCount * RandomXLibrary.DatasetItemSize >> 20, rates[0].Rate ?? 0, rates[1].Rate ?? 0, choice?.Name ?? "neither");
        return rates[0].Rate is null || choice is null ? throw WrongFullHashes() : choice == with;
    }

    public IHasher CreateLight(IRandomXCache cache, PagePreference pages)
    {
        ManagedCache memory = (ManagedCache)cache;
        return memory.Items is ItemCompiler items
            ? Light(memory, items, Math.Min(HybridVm.BestLanes(items, hasPart: false), _options.MaxLanes), pages, memory.SingleItems)
            : new InterpretedHasher(memory.Key, memory, isFull: false, memory.Hold());
    }

    public IHasher CreateFull(RandomXDataset dataset, PagePreference pages)
    {
        if (!dataset.IsComplete || dataset.ItemCount < RandomXLibrary.DatasetItemCount)
            throw new InvalidOperationException("a full machine needs a complete dataset");
        return _full.Create(dataset, pages);
    }

    public RandomXDataset? TryAllocatePart(PagePreference pages, int itemCount) =>
        WhyInterpreted is null ? RandomXDataset.AllocateOwn(pages, itemCount) : null;

    public unsafe IHasher CreateHybrid(IRandomXCache cache, RandomXDataset part, PagePreference pages)
    {
        if (!part.IsComplete || !part.Key.SequenceEqual(cache.Key))
            throw new InvalidOperationException("a hybrid machine needs all items that are to be held, of the cache's key");
        ManagedCache memory = (ManagedCache)cache;
        if (memory.Items is not ItemCompiler items)
            return CreateLight(cache, pages);
        HybridMemory both = new(memory, part);
        int used = HybridVm.UsedItems(part.ItemCount);
        return LaneHasher.Create(cache.Key, isFull: false, both, () => new HybridVm(
            RandomXVersion.V1, Math.Min(HybridVm.BestLanes(items, hasPart: used > 0), _options.MaxLanes), memory.Block.Address, items, both.Held, used, pages, memory.SingleItems));
    }

    public IHasher CreateVerifier(IRandomXCache cache, bool isCompiled, PagePreference pages)
    {
        ManagedCache memory = (ManagedCache)cache;
        return isCompiled && memory.Items is ItemCompiler items
            ? Light(memory, items, Math.Min(HybridVm.BestLanes(items, hasPart: false), _options.MaxLanes), pages, memory.SingleItems)
            : new InterpretedHasher(memory.Key, memory, isFull: false, memory.Hold());
    }

    /// <summary>Makes a hasher of RandomX v2 (<c>rx/2</c>), which takes one input at a time.</summary>
    /// <param name="cache">Made by this engine: caches and datasets are the same in both versions.</param>
    /// <param name="dataset">Complete, of the cache's key; null computes items from the cache.</param>
    /// <param name="pages">Of scratchpads.</param>
    /// <exception cref="InsufficientMemoryException">No memory.</exception>
    public static unsafe IHasher CreateSecond(IRandomXCache cache, RandomXDataset? dataset, PagePreference pages)
    {
        ManagedCache memory = (ManagedCache)cache;
        bool isCompiled = WhySecondInterpreted is null;
        if (dataset is null)
        {
            return isCompiled && memory.Items is ItemCompiler items
                ? Light(memory, items, lanes: 1, pages, memory.SingleItems, RandomXVersion.V2)
                : new InterpretedHasher(memory.Key, memory, isFull: false, memory.Hold(), RandomXVersion.V2);
        }
        DatasetItemSource source = new(dataset);
        return isCompiled
            ? LaneHasher.Create(
                dataset.Key, isFull: true, source,
                () => new CompiledVm(RandomXVersion.V2, new LaneSettings(1), source.Memory, pages))
            : new InterpretedHasher(dataset.Key, source, isFull: true, source, RandomXVersion.V2);
    }

    private static unsafe LaneHasher Light(ManagedCache cache, ItemCompiler items, int lanes, PagePreference pages, ItemCompiler? single = null,
        RandomXVersion version = RandomXVersion.V1) =>
        LaneHasher.Create(
            cache.Key, isFull: false, cache.Hold(), () => HybridVm.CreateLight(version, lanes, cache.Block.Address, items, pages, single));

    private static RandomXUnavailableException WrongFullHashes() =>
        new("hashes with the dataset differ from those with the cache, so memory or the engine is faulty");

    private void Calibrate(FullTrial trial, string circumstances, CancellationToken cancellation)
    {
        InsufficientMemoryException? shortage = null;
        double? Measure(FullMachine machine, TimeSpan slice)
        {
            try
            {
                return trial.Measure(machine, slice);
            }
            catch (Exception e) when (IsUnusable(machine, e))
            {
                _options.Log.LogWarning("Machine {Machine} is left out: {Reason}", machine.Name, e.Message);
                shortage ??= e as InsufficientMemoryException;
                return null;
            }
        }
        (FullMachine? choice, IReadOnlyList<(FullMachine Machine, double? Rate)> rates) =
            Calibration.Choose([.. Candidates], Measure, cancellation);
        string summary = string.Join(", ", rates.Select(
            r => r.Rate is double rate ? FormattableString.Invariant($"{r.Machine.Name} {rate:F0} H/s") : $"{r.Machine.Name} no right hashes"));
        _options.Log.LogInformation("Calibration: {Choice} of {Rates}", choice?.Name ?? "none", summary);
        if (choice is null)
            throw shortage as Exception ?? WrongFullHashes();
        (_full, _calibratedFor) = (choice, circumstances);
        if (_isRivalFaulty && choice.Name == _options.Rival?.Name)
        {
            // It was found faulty while it was measured.
            RefuseRival();
            return;
        }
        try
        {
            _file.Keep(circumstances, choice.Name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _options.Log.LogWarning("The calibration is not remembered: {Reason}", e.Message);
        }
    }

    // One that was the fastest once, or on another dataset.
    private bool IsUsable(FullTrial trial)
    {
        FullMachine machine = _full;
        try
        {
            return trial.IsRight(machine);
        }
        catch (Exception e) when (IsUnusable(machine, e))
        {
            return false;
        }
    }

    // Whether there are others that may do: those with fewer lanes need less memory, and the rival proves itself when it is first used.
    private bool IsUnusable(FullMachine machine, Exception reason) =>
        reason is InsufficientMemoryException || (reason is RandomXUnavailableException && machine.Name == _options.Rival?.Name);

    private IEnumerable<FullMachine> Candidates => _candidates.Where(c => !_isRivalFaulty || c.Name != _options.Rival?.Name);

    /// <param name="allocate">Maps so many bytes for code.</param>
    internal static string? FindCodeProblem(Func<int, IDisposable> allocate)
    {
        try
        {
            ItemCompiler.RequireSupport();
            allocate(1).Dispose();
            return null;
        }
        catch (Exception e) when (e is PlatformNotSupportedException or InsufficientMemoryException)
        {
            return e.Message;
        }
    }

    // What is needed for the first hash has a part in this one, only the cache is small: one of RandomX's own size would hold it up.
    // The machines of full mode and of parts of a dataset are proven when there is one (PrepareFull, PreparePart).
    // The interpreter, which reproduces the published vectors, gave the answer (ManagedEngineTests).
    private static void Prove()
    {
        Span<byte> hash = stackalloc byte[RandomXLibrary.HashSize];
        using ManagedCache cache = ManagedCache.CreateSmall("test key 000"u8, ProofBlocks);
        using IHasher hasher = cache.Items is ItemCompiler items
            ? Light(cache, items, lanes: 1, PagePreference.Normal)
            : new InterpretedHasher(cache.Key, cache, isFull: false, cache.Hold());
        hasher.CalculateHash("This is a test"u8, hash);
        if (!hash.SequenceEqual(Convert.FromHexString(ProofHash)))
            throw new RandomXUnavailableException("engine managed gives wrong hashes on this machine: use --engine native, and please report your CPU");
    }
}

using Microsoft.Extensions.Logging;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>Which engine hashes, and which one when it fails.</summary>
/// <param name="Engine">The first choice. Its self-test may still run.</param>
/// <param name="Fallback">Taken when the first choice fails its self-test; null when there is none.</param>
public sealed record EngineSelection(IRandomXEngine Engine, IRandomXEngine? Fallback)
{
    /// <summary>Finds the engines of this machine.</summary>
    /// <param name="kind">What the user asked for.</param>
    /// <param name="options">For the managed engine; its log hears of what is worse than it could be, and why.</param>
    /// <exception cref="RandomXUnavailableException">What was asked for cannot be had; one line says what to do.</exception>
    public static EngineSelection Select(EngineKind kind, ManagedEngineOptions options) => kind switch
    {
        EngineKind.Native => new EngineSelection(LoadNative(), null),
        EngineKind.Managed => new EngineSelection(CreateManaged(options), null),
        EngineKind.Shadow => new EngineSelection(new ShadowEngine(CreateManaged(options), LoadNative(), options.Log), null),
        _ => SelectBest(options, ManagedEngine.WhyInterpreted),
    };

    /// <summary>
    /// Begins the self-test that will be waited for, beside whatever comes before <see cref="Select"/>: it also readies the code that the
    /// first hash needs. Returns at once.
    /// </summary>
    public static void BeginProof(EngineKind kind)
    {
        if (kind != EngineKind.Native)
            ManagedEngine.BeginProof();
    }

    /// <summary>Waits for the first choice's self-test and gives the engine to use.</summary>
    /// <exception cref="RandomXUnavailableException">No engine passes.</exception>
    public IRandomXEngine TakeProven()
    {
        try
        {
            Engine.EnsureProven();
            return Engine;
        }
        catch (RandomXUnavailableException) when (Fallback is not null)
        {
            Fallback.EnsureProven();
            return Fallback;
        }
    }

    // Interpreting is many times slower than librandomx. Machine code of our own is faster without a dataset; with one, the
    // calibration decides.
    internal static EngineSelection SelectBest(ManagedEngineOptions options, string? whyInterpreted)
    {
        NativeEngine? native = TryLoadNative();
        if (native is null)
            return new EngineSelection(CreateManaged(options), null);
        if (whyInterpreted is string reason)
        {
            options.Log.LogInformation("Engine native hashes, because engine managed would have to interpret programs: {Reason}", reason);
            return new EngineSelection(native, null);
        }
        ManagedEngine managed = CreateManaged(options with { Rival = native });
        return new EngineSelection(Compared(managed, native, options) ?? (IRandomXEngine)managed, native);
    }

    /// <summary>The engine under trial; null where that is not wanted or was done.</summary>
    private static ShadowEngine? Compared(ManagedEngine managed, NativeEngine native, ManagedEngineOptions options)
    {
        CalibrationFile file = new(options.CalibrationFile);
        string circumstances = $"{options.Cpu}, p2p-miner {typeof(ManagedEngine).Assembly.GetName().Version}";
        if (options.Trial is null || file.IsCompared(circumstances))
            return null;
        options.Log.LogInformation(
            "New machine: librandomx checks some hashes of engine managed for {Minutes:0} minutes", options.Trial.Duration.TotalMinutes);
        ShadowEngine shadow = new(managed, native, options.Log, trial: options.Trial);
        shadow.TrialPassed += () => Remember(file, circumstances, shadow.Counts.Equal, options.Log);
        return shadow;
    }

    private static void Remember(CalibrationFile file, string circumstances, long hashes, ILogger log)
    {
        log.LogInformation("Engines compared: {Hashes} hashes of engine managed were those of librandomx", hashes);
        try
        {
            file.KeepCompared(circumstances, hashes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning("That the engines were compared is not remembered: {Reason}", e.Message);
        }
    }

    private static ManagedEngine CreateManaged(ManagedEngineOptions options)
    {
        if (ManagedEngine.WhyInterpreted is string reason)
            options.Log.LogWarning("Engine managed interprets programs, which is slow: {Reason}", reason);
        return new ManagedEngine(options);
    }

    private static NativeEngine LoadNative()
    {
        RandomXLibrary.EnsureLoaded();
        return new NativeEngine();
    }

    private static NativeEngine? TryLoadNative()
    {
        try
        {
            // Its self-test waits until it is needed: at start, memory and cores are.
            RandomXLibrary.Load();
            return new NativeEngine();
        }
        catch (RandomXUnavailableException)
        {
            return null;
        }
    }
}

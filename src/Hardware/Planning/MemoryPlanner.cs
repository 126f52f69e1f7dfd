namespace P2PMiner.Hardware;

/// <summary>
/// Decides between full, hybrid and light mode from what the machine and its cgroups can still give, never from installed
/// memory. Sizes are those of RandomX (configuration.md: RANDOMX_ARGON_MEMORY, RANDOMX_DATASET_BASE_SIZE and
/// RANDOMX_DATASET_EXTRA_SIZE).
/// </summary>
public static class MemoryPlanner
{
    /// <summary>The dataset, rounded up to whole MiB (it has 2,181,038,016 bytes, 64 less than this).</summary>
    public const long DatasetBytes = 2080 * MiB;

    /// <summary>The cache of one key.</summary>
    public const long CacheBytes = 256 * MiB;

    /// <summary>The current key's cache and the next one's, which is prepared ahead in every mode.</summary>
    public const int Caches = 2;

    /// <summary>A lane's scratchpad and an upper bound for the code that is compiled for it.</summary>
    public const long LaneBytes = 2 * MiB + 256 * KiB;

    /// <summary>Left for this program's own heap, and for the rest of the system so that it does not begin to swap.</summary>
    public const long SystemReserveBytes = 256 * MiB;

    /// <summary>With less of the dataset than this, hybrid mode is faster than light mode nowhere.</summary>
    public const long MinPartBytes = 256 * MiB;

    private const long KiB = 1024;
    private const long MiB = 1024 * KiB;

    /// <summary>
    /// Full mode puts a dataset on each NUMA node that <see cref="ThreadPlanner"/> gives threads, or a single one, on the
    /// node with the most memory left, where not all of these fit. Reserved 2 MiB pages count as room for whole datasets. Where
    /// memory is short, threads get fewer lanes, which comes before giving up a dataset. Where available memory is unknown,
    /// <see cref="MemoryRequest.Auto"/> takes light mode and the request is not refused.
    /// </summary>
    /// <param name="hardware">The machine.</param>
    /// <param name="request">What the user asked for.</param>
    /// <param name="threads">Miner threads, 0 to <see cref="ThreadRequest.MaxCount"/>.</param>
    /// <param name="lanes">What the engine gives to a thread where memory is not short.</param>
    /// <param name="partBytes">Of the dataset, to be held with <see cref="MemoryRequest.Hybrid"/>; null for what fits.</param>
    /// <param name="takesPart">Whether <see cref="MemoryRequest.Auto"/> takes hybrid mode where full mode does not fit.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is out of range.</exception>
    public static MemoryPlan Plan(
        HardwareInfo hardware, MemoryRequest request, int threads, LaneCounts lanes, long? partBytes = null, bool takesPart = false)
    {
        int[] nodes = NodesOf(hardware, threads);
        int[] roomiest = [nodes.MaxBy(id => hardware.NumaNodes.FirstOrDefault(node => node.Id == id)?.AvailableBytes ?? 0)];
        MemoryBudget budget = new(hardware, threads, lanes);
        if (request == MemoryRequest.Light)
            return Light(budget, "light mode, as asked");
        if (request == MemoryRequest.Hybrid && partBytes is long asked)
            return Part(budget, roomiest, asked);
        if (budget.Ordinary is null)
            return request == MemoryRequest.Full ? Full(budget, roomiest, "full mode, as asked") : Light(budget, "light mode");
        if (nodes.Length > 1 && budget.HoldsOnNodes(nodes, 1, most: 1))
            return Full(budget, nodes, "full mode", budget.HoldsOnNodes(nodes, 2, lanes.Most));
        if (request == MemoryRequest.Full || budget.Holds(MemoryMode.Full, DatasetBytes, most: 1))
            return Full(budget, roomiest, "full mode", budget.Holds(MemoryMode.Full, 2 * DatasetBytes, lanes.Most));
        return request == MemoryRequest.Hybrid || takesPart
            ? HybridOrLight(budget, roomiest)
            : Light(budget, $"light mode, because {FullTakes(budget)}");
    }

    /// <summary>What light mode takes where memory is not short.</summary>
    /// <param name="threads">Miner threads.</param>
    /// <param name="lanes">Of each.</param>
    public static long LightBytes(int threads, LaneCounts lanes) => Caches * CacheBytes + (long)threads * lanes.Light * LaneBytes;

    // Lanes come before the part: with few of them all that is computed takes longer. Light mode needs no more than what is left;
    // the next key's dataset waits until the old one is gone.
    private static MemoryPlan HybridOrLight(MemoryBudget budget, int[] node)
    {
        long part = (budget.Ordinary!.Value - SystemReserveBytes - budget.Required(MemoryMode.Hybrid, 0, budget.Lanes.Most)) / MiB * MiB;
        if (part < MinPartBytes)
            return Light(budget, $"light mode, because {FullTakes(budget)}, and less than {Mib(MinPartBytes)} of the dataset is of no use");
        return Part(budget, node, part);
    }

    private static MemoryPlan Part(MemoryBudget budget, int[] node, long part) =>
        Conclude(budget, MemoryMode.Hybrid, part, node, $"hybrid mode: {Mib(part)} of the dataset's 2080 MiB", "free memory or ask for less") with
        {
            PartBytes = part,
        };

    private static int[] NodesOf(HardwareInfo hardware, int threads)
    {
        IReadOnlyList<PlannedThread> placed = ThreadPlanner.Plan(hardware, new ThreadRequest(threads)).Threads;
        int home = hardware.LogicalCpus.First(cpu => hardware.AllowedCpus.Contains(cpu.Id)).NumaNode;
        return placed.Count == 0 ? [home] : [.. placed.Select(thread => thread.NumaNode).Distinct().Order()];
    }

    private static MemoryPlan Full(MemoryBudget budget, int[] nodes, string mode, bool next = false)
    {
        string datasets = nodes.Length == 1 ? "a dataset of 2080 MiB" : $"{nodes.Length} datasets of 2080 MiB, one per NUMA node";
        MemoryPlan plan = Conclude(
            budget, MemoryMode.Full, nodes.Length * DatasetBytes, nodes, $"{mode}: {datasets}", "free memory or use light mode");
        return next ? plan with { PrepareNextDataset = true, Reason = plan.Reason + ", and the next dataset fits beside it" } : plan;
    }

    private static MemoryPlan Light(MemoryBudget budget, string mode) =>
        Conclude(budget, MemoryMode.Light, 0, [], mode + ": no dataset", "free memory or raise the limit");

    private static MemoryPlan Conclude(MemoryBudget budget, MemoryMode mode, long datasetBytes, int[] nodes, string start, string way)
    {
        int? lanes = budget.LanesThatFit(mode, datasetBytes);
        bool isKnown = budget.Ordinary is not null;

        // What does not fit is told with the least that it takes; if it ever fits, it is because much more memory has become free.
        int counted = lanes ?? (isKnown ? 1 : budget.Lanes.Most);
        long required = budget.Required(mode, datasetBytes, counted);
        long? available = budget.Available(datasetBytes);
        string verdict = !isKnown ? "; how much memory is available is unknown"
            : $"; with {Mib(SystemReserveBytes)} left for the system that {(lanes is null ? "does not fit" : "fits")} in the {Mib(available!.Value)} available"
            + (lanes is null ? ": " + way : "");
        return new MemoryPlan(
            mode, lanes is not null || !isKnown, nodes, PrepareNextDataset: false, available, required,
            $"{start}, {Sum(budget, mode, datasetBytes, counted)}{verdict}")
        {
            Lanes = lanes ?? budget.Lanes.Most,
        };
    }

    private static string Sum(MemoryBudget budget, MemoryMode mode, long datasetBytes, int lanes)
    {
        string threads = budget.Threads == 1 ? "1 thread" : $"{budget.Threads} threads";
        string few = lanes == budget.Lanes.Most || budget.Threads == 0 ? "" : $" ({lanes} of {budget.Lanes.Most} lanes each, because memory is short)";
        return $"{Caches} caches of 256 MiB and {Mib(budget.LaneMemory(mode, lanes))} for {threads}{few} take {Mib(budget.Required(mode, datasetBytes, lanes))}";
    }

    private static string FullTakes(MemoryBudget budget) => $"full mode takes {Mib(budget.Required(MemoryMode.Full, DatasetBytes, 1))}";

    private static string Mib(long bytes) => $"{(bytes + MiB - 1) / MiB} MiB";
}

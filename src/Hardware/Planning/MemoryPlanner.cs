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

    /// <summary>A thread's scratchpad and an upper bound for the code that is compiled for it.</summary>
    public const long ThreadBytes = 2 * MiB + 256 * KiB;

    /// <summary>Left for this program's own heap, and for the rest of the system so that it does not begin to swap.</summary>
    public const long SystemReserveBytes = 256 * MiB;

    /// <summary>With less of the dataset than this, hybrid mode is faster than light mode nowhere.</summary>
    public const long MinPartBytes = 256 * MiB;

    private const long KiB = 1024;
    private const long MiB = 1024 * KiB;
    private const long HugePageBytes = 2 * MiB;

    /// <summary>
    /// Full mode puts a dataset on each NUMA node that <see cref="ThreadPlanner"/> gives threads, or a single one, on the
    /// node with the most memory left, where not all of these fit. Reserved 2 MiB pages count as room for whole datasets. Where available memory is unknown,
    /// <see cref="MemoryRequest.Auto"/> takes light mode and the request is not refused.
    /// </summary>
    /// <param name="hardware">The machine.</param>
    /// <param name="request">What the user asked for.</param>
    /// <param name="threads">Miner threads, 0 to <see cref="ThreadRequest.MaxCount"/>.</param>
    /// <param name="partBytes">Of the dataset, to be held with <see cref="MemoryRequest.Hybrid"/>; null for what fits.</param>
    /// <param name="takesPart">Whether <see cref="MemoryRequest.Auto"/> takes hybrid mode where full mode does not fit.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is out of range.</exception>
    public static MemoryPlan Plan(HardwareInfo hardware, MemoryRequest request, int threads, long? partBytes = null, bool takesPart = false)
    {
        int[] nodes = NodesOf(hardware, threads);
        int[] roomiest = [nodes.MaxBy(id => hardware.NumaNodes.FirstOrDefault(node => node.Id == id)?.AvailableBytes ?? 0)];
        Budget budget = new(hardware, threads);
        if (request == MemoryRequest.Light)
            return Light(budget, "light mode, as asked");
        if (request == MemoryRequest.Hybrid && partBytes is long asked)
            return Part(budget, roomiest, asked);
        if (budget.Ordinary is null)
            return request == MemoryRequest.Full ? Full(budget, roomiest, "full mode, as asked") : Light(budget, "light mode");
        if (nodes.Length > 1 && budget.HoldsOnNodes(hardware, nodes, 1))
            return Full(budget, nodes, "full mode", budget.HoldsOnNodes(hardware, nodes, 2));
        if (request == MemoryRequest.Full || budget.Holds(1))
            return Full(budget, roomiest, "full mode", budget.Holds(2));
        return request == MemoryRequest.Hybrid || takesPart
            ? HybridOrLight(budget, roomiest)
            : Light(budget, $"light mode, because full mode takes {Mib(budget.Required(1))}");
    }

    // Light mode needs no more than what is left; the next key's dataset waits until the old one is gone.
    private static MemoryPlan HybridOrLight(Budget budget, int[] node)
    {
        long part = (budget.Ordinary!.Value - SystemReserveBytes - budget.Required(0)) / MiB * MiB;
        if (part < MinPartBytes)
            return Light(budget, $"light mode, because full mode takes {Mib(budget.Required(1))}, and less than {Mib(MinPartBytes)} of the dataset is of no use");
        return Part(budget, node, part);
    }

    private static MemoryPlan Part(Budget budget, int[] node, long part)
    {
        long required = budget.Required(0) + part;
        bool fits = budget.Ordinary is null || required + SystemReserveBytes <= budget.Ordinary;
        string end = budget.Ordinary is not long available ? "; how much memory is available is unknown"
            : $"; with {Mib(SystemReserveBytes)} left for the system that {(fits ? "fits" : "does not fit")} in the {Mib(available)} available"
            + (fits ? "" : ": free memory or ask for less");
        return new MemoryPlan(
            MemoryMode.Hybrid, fits, node, PrepareNextDataset: false, budget.Ordinary, required,
            $"hybrid mode: {Mib(part)} of the dataset's 2080 MiB, {Sum(budget, required)}{end}")
        {
            PartBytes = part,
        };
    }

    private static int[] NodesOf(HardwareInfo hardware, int threads)
    {
        IReadOnlyList<PlannedThread> placed = ThreadPlanner.Plan(hardware, new ThreadRequest(threads)).Threads;
        int home = hardware.LogicalCpus.First(cpu => hardware.AllowedCpus.Contains(cpu.Id)).NumaNode;
        return placed.Count == 0 ? [home] : [.. placed.Select(thread => thread.NumaNode).Distinct().Order()];
    }

    private static MemoryPlan Full(Budget budget, int[] nodes, string mode, bool next = false)
    {
        string datasets = nodes.Length == 1 ? "a dataset of 2080 MiB" : $"{nodes.Length} datasets of 2080 MiB, one per NUMA node";
        string ahead = next ? ", and the next dataset fits beside it" : "";
        return Conclude(budget, MemoryMode.Full, nodes, next, $"{mode}: {datasets}", ahead);
    }

    private static MemoryPlan Light(Budget budget, string mode) => Conclude(budget, MemoryMode.Light, [], false, mode + ": no dataset", "");

    private static MemoryPlan Conclude(Budget budget, MemoryMode mode, int[] nodes, bool next, string start, string end)
    {
        long required = budget.Required(nodes.Length);
        bool fits = budget.Ordinary is null || budget.Holds(nodes.Length);
        string sum = $"{start}, {Sum(budget, required)}";
        return new MemoryPlan(mode, fits, nodes, next, budget.Available(nodes.Length), required, sum + Verdict(budget, mode, nodes.Length) + end);
    }

    private static string Sum(Budget budget, long required) =>
        $"{Caches} caches of 256 MiB and {Mib(budget.Threads * ThreadBytes)} for {budget.Threads} {(budget.Threads == 1 ? "thread" : "threads")} take {Mib(required)}";

    private static string Verdict(Budget budget, MemoryMode mode, int datasets)
    {
        if (budget.Available(datasets) is not { } available)
            return "; how much memory is available is unknown";
        string left = $"; with {Mib(SystemReserveBytes)} left for the system that";
        if (budget.Holds(datasets))
            return $"{left} fits in the {Mib(available)} available";
        string way = mode == MemoryMode.Full ? "free memory or use light mode" : "free memory or raise the limit";
        return $"{left} does not fit in the {Mib(available)} available: {way}";
    }

    private static string Mib(long bytes) => $"{(bytes + MiB - 1) / MiB} MiB";

    /// <summary>What there is, and what a number of datasets would take of it.</summary>
    private sealed class Budget(HardwareInfo hardware, int threads)
    {
        private readonly long _datasetsInHugePages = (hardware.Pages.TwoMiB?.Free ?? 0) / (DatasetBytes / HugePageBytes);

        public int Threads => threads;

        /// <summary>Bytes of ordinary pages; null when unknown.</summary>
        public long? Ordinary { get; } = hardware.Memory.AvailableBytes is { } machine
            ? Math.Min(machine, hardware.Limits.MemoryAvailableBytes ?? long.MaxValue)
            : hardware.Limits.MemoryAvailableBytes;

        public long Required(int datasets) => datasets * DatasetBytes + Caches * CacheBytes + threads * ThreadBytes;

        public bool Holds(int datasets) => Required(datasets) - InHugePages(datasets) + SystemReserveBytes <= Ordinary;

        public long? Available(int datasets) => Ordinary + InHugePages(datasets);

        /// <summary>Whether the sum fits, and each node its own datasets.</summary>
        public bool HoldsOnNodes(HardwareInfo machine, int[] nodes, int datasetsPerNode) =>
            Holds(nodes.Length * datasetsPerNode)
            && machine.NumaNodes.Where(node => nodes.Contains(node.Id))
                .All(node => node.AvailableBytes is null || node.AvailableBytes >= datasetsPerNode * DatasetBytes);

        private long InHugePages(int datasets) => Math.Min(datasets, _datasetsInHugePages) * DatasetBytes;
    }
}

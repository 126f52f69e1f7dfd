using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Files;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Mining.Threads;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node;

/// <summary>
/// What hashes: the store of caches and datasets and the miner threads on it, made as the options and the plans for this
/// machine say. A node and <c>p2p-miner bench</c> run the same one.
/// </summary>
internal sealed class MiningEngine : IAsyncDisposable
{
    private readonly ShadowEngine? _shadow;
    private readonly EarlyCache? _early;
    private volatile RolePlan _role;

    private MiningEngine(KeyStore keys, Miner miner, RolePlan role, ShadowEngine? shadow, EarlyCache? early)
    {
        _shadow = shadow;
        _early = early;
        if (shadow is not null)
            shadow.FaultFound += keys.ReplaceEngine;
        Keys = keys;
        Miner = miner;
        _role = role;
    }

    public KeyStore Keys { get; }

    public Miner Miner { get; }

    /// <summary>The mode that the threads end up in.</summary>
    public MemoryMode Memory => _role.Memory;

    /// <summary>Completes in fault when something died that nothing here can mend.</summary>
    public Task Failure => _shadow is null ? Miner.Failure : Task.WhenAny(Miner.Failure, _shadow.Failure).Unwrap();

    /// <summary>What two engines were compared in; null where one hashes alone.</summary>
    public ShadowCounts? Shadow => _shadow?.Counts;

    /// <summary>What the node is in its cluster.</summary>
    public RolePlan Role => _role;

    /// <summary>Changes what the node is: datasets are made from now on, or given up.</summary>
    public void Apply(RolePlan role)
    {
        _role = role;
        Keys.SetMemory(role.Memory);
    }

    /// <summary>Searches a job from now on.</summary>
    public void Search(Job job)
    {
        Keys.SetKeys(job.Key, job.NextKey);
        Miner.SetJob(job);
    }

    /// <summary>Searches nothing, and gives the memory back that it took.</summary>
    public void Rest()
    {
        Miner.SetJob(null);
        Keys.Clear();
    }

    /// <param name="options">What the user asked for.</param>
    /// <param name="machine">The machine and the plans for it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logs">For the log.</param>
    /// <param name="supplier">Brings chunks of datasets from other nodes; null computes all.</param>
    /// <param name="identity">Tells this node's extra nonces from those of others.</param>
    /// <param name="isNode">Whether it will run long: a new machine's engines are compared then.</param>
    /// <param name="firstKey">What will most likely be hashed with first, whose cache is begun at once; null when nothing tells.</param>
    /// <exception cref="UsageException">The machine lacks the memory that was asked for.</exception>
    /// <exception cref="RandomXUnavailableException">The engine asked for is missing or wrong; one line says what to install.</exception>
    public static MiningEngine Create(
        NodeOptions options, HardwareReport machine, TimeProvider time, ILoggerFactory logs, IChunkSupplier? supplier = null,
        ReadOnlyMemory<byte> identity = default, bool isNode = false, Hash256? firstKey = null)
    {
        RolePlan role = RolePlan.Of(options, machine);
        Hash256? first = role.HasCaches ? firstKey : null;
        EarlyCache? early = first is Hash256 key ? Begin(key, options) : null;
        try
        {
            return Create(options, machine, role, early, time, logs, supplier, identity, isNode, first);
        }
        catch
        {
            early?.Dispose();
            throw;
        }
    }

    private static MiningEngine Create(
        NodeOptions options, HardwareReport machine, RolePlan role, EarlyCache? early, TimeProvider time, ILoggerFactory logs,
        IChunkSupplier? supplier, ReadOnlyMemory<byte> identity, bool isNode, Hash256? first)
    {
        double? quota = machine.Hardware.Limits.CpuQuota < machine.Hardware.AllowedCpus.Count ? machine.Hardware.Limits.CpuQuota : null;
        MemoryPlan memory = machine.MemoryPlan;
        EngineSelection selection = EngineSelection.Select(options.Engine, new ManagedEngineOptions
        {
            Threads = Math.Max(1, machine.ThreadPlan.Threads.Count),
            Cpu = machine.Hardware.Cpu.FullName,
            MeasuresParts = true,
            CachePerThread = HardwareReport.CachePerThread(machine.Hardware, machine.ThreadPlan.Threads.Count),
            MaxLanes = memory.Lanes,
            Trial = isNode && HasRoomForTrial(memory) ? ShadowTrial.OfNode(time) : null,
            EarlyCache = early,
            CalibrationFile = Path.Combine(options.DataDirectory, "calibration.json"),
            Log = logs.CreateLogger("engine"),
        });
        KeyStore keys = new(
            new KeyStoreOptions
            {
                Memory = role.Memory,
                PartItems = (int)(memory.PartBytes / RandomXLibrary.DatasetItemSize),
                PrepareNextDataset = memory.PrepareNextDataset,
                Pages = options.Pages,
                BuilderThreads = ThreadPlanner.MostAtOnce(machine.Hardware),
                CpuQuota = quota,
                Nodes = NodesOf(machine),
                Engine = selection.Engine,
                Fallback = selection.Fallback,
                Supplier = supplier,
                DatasetCacheDirectory = isNode ? CacheDirectory(options, memory, logs) : options.DatasetCache,
                IsDatasetCacheAutomatic = options.DatasetCache is null,
                SpareBytes = Spare(memory),
            },
            time, logs.CreateLogger<KeyStore>());
        MinerOptions threads = new(Pin: options.Affinity, LowPriority: options.LowPriority, identity, HasQuota: quota is not null);
        Miner miner = new(machine.ThreadPlan, keys, threads, time, logs.CreateLogger<Miner>());
        // Not before there is a miner, whose first hash the first dataset waits for.
        if (first is Hash256 key)
            keys.SetKeys(key, next: null);
        return new MiningEngine(keys, miner, role, selection.Engine as ShadowEngine, early);
    }

    private static EarlyCache? Begin(Hash256 key, NodeOptions options)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        key.CopyTo(bytes);
        return EarlyCache.TryBegin(options.Engine, bytes, options.Pages);
    }

    // The other engine has a cache of its own meanwhile.
    private static bool HasRoomForTrial(MemoryPlan memory) => memory.AvailableBytes is null || Spare(memory) >= MemoryPlanner.CacheBytes;

    private static long Spare(MemoryPlan memory) =>
        Math.Max(0, (memory.AvailableBytes ?? 0) - memory.RequiredBytes - MemoryPlanner.SystemReserveBytes);

    /// <summary>Where a node keeps datasets; null for nowhere. What is no longer kept in the data directory goes.</summary>
    private static string? CacheDirectory(NodeOptions options, MemoryPlan memory, ILoggerFactory logs)
    {
        string automatic = Path.Combine(options.DataDirectory, "datasets");
        string? directory = options.DatasetCache ?? (options.KeepsDatasets && !memory.PrepareNextDataset ? automatic : null);
        try
        {
            if (directory != automatic)
                DatasetFile.DeleteAll(automatic);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logs.CreateLogger("engine").LogWarning("Cannot delete old datasets in {Directory}: {Reason}", automatic, e.Message);
        }
        return directory;
    }

    /// <summary>Stops the threads before the memory goes that they hash with.</summary>
    public async ValueTask DisposeAsync()
    {
        await Miner.DisposeAsync();
        await Keys.DisposeAsync();
        _early?.Dispose();
        if (_shadow is not null)
            await _shadow.DisposeAsync();
    }

    /// <summary>A single dataset is filled by CPUs anywhere; one of several only by those of its node.</summary>
    internal static IReadOnlyList<NumaNodeCpus> NodesOf(HardwareReport machine)
    {
        HardwareInfo hardware = machine.Hardware;
        LogicalCpu[] allowed = [.. hardware.LogicalCpus.Where(cpu => hardware.AllowedCpus.Contains(cpu.Id))];
        IReadOnlyList<int> nodes = machine.MemoryPlan.DatasetNodes;
        if (nodes.Count > 1)
            return [.. nodes.Select(node => new NumaNodeCpus(node, [.. allowed.Where(cpu => cpu.NumaNode == node).Select(cpu => cpu.Id)]))];
        int single = nodes.Count == 0 ? 0 : nodes[0];

        // Where there is one thread for each CPU they are pinned: the system leaves two on one CPU while threads of the lowest priority keep another
        // one busy. The allocating thread is pinned to the first.
        bool isPinned = ThreadPlanner.MostAtOnce(hardware) == allowed.Length;
        return [new NumaNodeCpus(single, isPinned ? [.. allowed.OrderBy(cpu => cpu.NumaNode != single).Select(cpu => cpu.Id)] : [])];
    }
}

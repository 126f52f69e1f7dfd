using P2PMiner.Hardware;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node;

/// <summary>What the role of a node depends on, at one moment.</summary>
/// <param name="AvailableBytes">Memory that machine and cgroups can still give, beside what this node has; null when nothing tells.</param>
/// <param name="IsOnBattery">Whether the machine runs on its battery.</param>
/// <param name="Members">The other live members of the cluster.</param>
/// <param name="Hosts">Of these, the ones that host datasets.</param>
/// <param name="HasBetterHost">Whether one of them will go on hosting whatever this node does.</param>
internal sealed record RoleConditions(long? AvailableBytes, bool IsOnBattery, int Members, int Hosts, bool HasBetterHost)
{
    /// <summary>In how much of the last seconds a program waited for memory, in percent; null when nothing tells.</summary>
    public double? StallPercent { get; init; }
}

/// <summary>
/// Decides again and again what a node is. Only mode auto changes its mind, and only when the reason for it lasts. Thread-safe
/// for one caller of <see cref="Look"/>.
/// </summary>
/// <param name="options">What the user asked for.</param>
/// <param name="machine">With the plans made at the start.</param>
/// <param name="start">What the node is at the start.</param>
/// <param name="time">Measures how long a reason lasts.</param>
internal sealed class RoleKeeper(NodeOptions options, HardwareReport machine, RolePlan start, TimeProvider time)
{
    /// <summary>When less is available, other programs need the memory more: half of what the plan leaves to the system.</summary>
    public const long LowWater = MemoryPlanner.SystemReserveBytes / 2;

    /// <summary>So much more than it takes has to be available before memory is taken, so that this alone does not make it scarce.</summary>
    public const long Margin = 512L << 20;

    /// <summary>
    /// When programs wait for memory in more of the time, in percent, they need it more: what counts as available is then what they
    /// read again and again.
    /// </summary>
    public const double StallLimit = 10;

    /// <summary>With so much available they wait for another reason, such as a limit of their own, and a dataset would not help them.</summary>
    public const long StallRoom = MemoryPlanner.DatasetBytes;

    /// <summary>For how long nobody may have waited before memory is taken: what is given back ends the waiting, and must not bring it back.</summary>
    public static readonly TimeSpan CalmTime = TimeSpan.FromMinutes(5);

    /// <summary>How long a reason to give something up lasts; more than a member is silent before it counts as gone.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(15);

    /// <summary>How long a reason to take something on lasts.</summary>
    public static readonly TimeSpan TakeAfter = TimeSpan.FromSeconds(60);

    private readonly long _lightBytes = MemoryPlanner.LightBytes(
        machine.ThreadPlan.Threads.Count, HardwareReport.LanesOf(machine.Hardware, options, machine.ThreadPlan.Threads.Count));

    private RolePlan? _pending;
    private long _since;
    private long? _lastStall;
    private volatile RolePlan _plan = start;

    /// <summary>What the node is.</summary>
    public RolePlan Plan => _plan;

    /// <summary>Looks at the conditions; true when they have changed the plan.</summary>
    public bool Look(RoleConditions now)
    {
        if (IsStalled(now))
            _lastStall = time.GetTimestamp();
        RolePlan target = Target(now);
        if (target.IsSameAs(Plan))
        {
            _pending = null;
            return false;
        }
        if (_pending is null || !_pending.IsSameAs(target))
        {
            _pending = target;
            _since = time.GetTimestamp();
        }
        if (time.GetElapsedTime(_since) < (target.IsLessThan(Plan) ? GiveUpAfter : TakeAfter))
            return false;
        _pending = null;
        _plan = target;
        return true;
    }

    private RolePlan Target(RoleConditions now)
    {
        if (options.Mode != NodeMode.Auto || options.DatasetHost)
            return Plan;
        return machine.ThreadPlan.Threads.Count > 0 ? Worker(now) : Idle(now);
    }

    private RolePlan Worker(RoleConditions now)
    {
        bool isFull = Plan.Memory == MemoryMode.Full;
        if (!Plan.IsWorker)
        {
            return Has(now, _lightBytes)
                ? RolePlan.Working(isFull: false, isHost: false, $"there is room for light mode now: {Mib(now)} available")
                : Plan;
        }
        if (options.Memory == MemoryRequest.Auto)
        {
            if (isFull && IsScarce(now))
                return RolePlan.Working(isFull: false, isHost: false, Need(now));
            if (!isFull && Has(now, MemoryPlanner.DatasetBytes - PartHeld))
                return RolePlan.Working(isFull: true, isHost: !now.IsOnBattery, $"the dataset fits into memory now: {Mib(now)} available");
        }
        if (machine.MemoryPlan.Mode == MemoryMode.Hybrid && !isFull)
            return Hybrid(now);
        if (!isFull)
            return Plan;
        return RolePlan.Working(
            isFull: true, isHost: !now.IsOnBattery, now.IsOnBattery ? "on battery it sends no datasets to others" : "the dataset fits into memory");
    }

    private long PartHeld => Plan.Memory == MemoryMode.Hybrid ? machine.MemoryPlan.PartBytes : 0;

    private RolePlan Hybrid(RoleConditions now)
    {
        if (Plan.Memory == MemoryMode.Hybrid && IsScarce(now))
            return Plan with { Memory = MemoryMode.Light, Reason = $"worker, because {Need(now)}" };

        // Its size leaves the reserve, which is more than the low water, so it needs no margin: there may never be so much again.
        if (Plan.Memory == MemoryMode.Light && IsCalm && now.AvailableBytes >= machine.MemoryPlan.PartBytes + MemoryPlanner.SystemReserveBytes)
            return Plan with { Memory = MemoryMode.Hybrid, Reason = $"worker, because its part of the dataset fits into memory now: {Mib(now)} available" };
        return Plan;
    }

    /// <summary>A node without miner threads holds a dataset when those who hash have no other host.</summary>
    private RolePlan Idle(RoleConditions now)
    {
        if (options.Memory == MemoryRequest.Light)
            return Plan;
        if (Plan.IsDatasetHost)
        {
            if (IsScarce(now))
                return RolePlan.Idle(isHost: false, Need(now));
            if (now.IsOnBattery)
                return RolePlan.Idle(isHost: false, "on battery it holds no dataset for others");
            return now.HasBetterHost ? RolePlan.Idle(isHost: false, "another member hosts the dataset") : Plan;
        }
        return now is { Members: > 0, Hosts: 0, IsOnBattery: false } && Has(now, MemoryPlanner.DatasetBytes)
            ? RolePlan.Idle(isHost: true, "no other member hosts the dataset, and there is room for it")
            : Plan;
    }

    private bool IsCalm => _lastStall is not long stall || time.GetElapsedTime(stall) > CalmTime;

    private static bool IsStalled(RoleConditions now) => now.StallPercent > StallLimit && !(now.AvailableBytes >= StallRoom);

    private static bool IsScarce(RoleConditions now) => now.AvailableBytes < LowWater || IsStalled(now);

    private static string Need(RoleConditions now) => now.AvailableBytes < LowWater
        ? $"other programs need the memory: {Mib(now)} available"
        : $"other programs need the memory: they wait for it {now.StallPercent:0} % of the time";

    private bool Has(RoleConditions now, long bytes) => IsCalm && now.AvailableBytes >= bytes + MemoryPlanner.SystemReserveBytes + Margin;

    private static string Mib(RoleConditions now) => now.AvailableBytes is long bytes ? $"{bytes >> 20} MiB" : "memory";
}

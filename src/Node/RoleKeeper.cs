using P2PMiner.Hardware;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node;

/// <summary>
/// Decides again and again what a node is. Only mode auto changes its mind, and only when the reason for it lasts; mode worker hashes when
/// there is room at last. Thread-safe for one caller of <see cref="Look"/>.
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

    /// <summary>How long nobody but members who prove nothing says that it hosts, before that counts for nothing: to find a share takes a while.</summary>
    public static readonly TimeSpan ProofTime = TimeSpan.FromMinutes(10);

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
        if (IsStalled(now, StallRoom))
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
        if (time.GetElapsedTime(_since) < Patience(target, now))
            return false;
        _pending = null;
        _plan = target;
        return true;
    }

    private TimeSpan Patience(RolePlan target, RoleConditions now)
    {
        if (target.IsLessThan(Plan))
            return GiveUpAfter;
        return target is { IsWorker: false, IsDatasetHost: true } && now.HasUnprovenHosts ? ProofTime : TakeAfter;
    }

    private RolePlan Target(RoleConditions now)
    {
        if (RolePlan.IsHostAskedFor(options))
            return Plan;
        if (machine.ThreadPlan.Threads.Count == 0)
            return options.Mode == NodeMode.Auto ? Idle(now) : Plan;
        if (!Plan.IsWorker)
            return HasLightRoom(now) ? RolePlan.Working(isFull: false, isHost: false, $"there is room for light mode now: {Mib(now)} available") : Plan;
        return options.Mode == NodeMode.Auto ? Worker(now) : Plan;
    }

    private RolePlan Worker(RoleConditions now)
    {
        bool isFull = Plan.Memory == MemoryMode.Full;
        if (Plan.Memory == MemoryMode.Light && options.Memory != MemoryRequest.Light && IsScarce(now, _lightBytes))
            return RolePlan.Relaying(Need(now));
        if (options.Memory == MemoryRequest.Auto)
        {
            if (isFull && IsScarce(now, StallRoom))
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
        if (Plan.Memory == MemoryMode.Hybrid && IsScarce(now, StallRoom))
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
            if (IsScarce(now, StallRoom))
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

    /// <param name="now">The conditions.</param>
    /// <param name="room">What could be given back: with as much available, programs wait for another reason.</param>
    private static bool IsStalled(RoleConditions now, long room) => now.StallPercent > StallLimit && !(now.AvailableBytes >= room);

    private static bool IsScarce(RoleConditions now, long room) => now.AvailableBytes < LowWater || IsStalled(now, room);

    /// <summary>Without the margin: what is left is more than the low water, and a small machine may never have more.</summary>
    private bool HasLightRoom(RoleConditions now) => IsCalm && now.AvailableBytes >= _lightBytes + MemoryPlanner.SystemReserveBytes;

    private static string Need(RoleConditions now) => now.AvailableBytes < LowWater
        ? $"other programs need the memory: {Mib(now)} available"
        : $"other programs need the memory: they wait for it {now.StallPercent:0} % of the time";

    private bool Has(RoleConditions now, long bytes) => IsCalm && now.AvailableBytes >= bytes + MemoryPlanner.SystemReserveBytes + Margin;

    private static string Mib(RoleConditions now) => now.AvailableBytes is long bytes ? $"{bytes >> 20} MiB" : "memory";
}

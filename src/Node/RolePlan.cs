using P2PMiner.Hardware;
using P2PMiner.Node.Api;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node;

/// <summary>What the node is in its cluster: from what the user asked for and what the machine can.</summary>
/// <param name="IsWorker">Whether it hashes.</param>
/// <param name="IsDatasetHost">Whether it holds the whole dataset for others.</param>
/// <param name="Memory">Whether it makes datasets.</param>
/// <param name="HasCaches">Whether there is memory for the caches of the keys in use; without, a relay checks no proofs of work.</param>
/// <param name="Reason">One sentence for the user.</param>
internal sealed record RolePlan(bool IsWorker, bool IsDatasetHost, MemoryMode Memory, bool HasCaches, string Reason)
{
    /// <summary>In the words of the API.</summary>
    public string Role => (IsWorker, IsDatasetHost) switch
    {
        (true, true) => "dataset host, worker",
        (true, false) => "worker",
        (false, true) => "dataset host",
        _ => "relay",
    };

    /// <summary>Whether the user insists on the dataset.</summary>
    public static bool IsHostAskedFor(NodeOptions options) => options.Mode == NodeMode.Master || options.DatasetHost;

    /// <summary>The memory that the options amount to.</summary>
    public static MemoryRequest MemoryOf(NodeOptions options) => IsHostAskedFor(options) ? MemoryRequest.Full : options.Memory;

    /// <param name="options">What the user asked for.</param>
    /// <param name="machine">With plans made for <see cref="MemoryOf"/>.</param>
    /// <exception cref="UsageException">The machine lacks the memory that was asked for; the message has the numbers.</exception>
    public static RolePlan Of(NodeOptions options, HardwareReport machine)
    {
        bool isWorker = machine.ThreadPlan.Threads.Count > 0;
        MemoryPlan memory = machine.MemoryPlan;
        bool isAskedFor = IsHostAskedFor(options);
        if (isAskedFor && !memory.Fits)
            throw new UsageException($"{(options.DatasetHost ? "--dataset-host" : "--mode master")} holds the dataset, and there is no room for it: {memory.Reason}");
        if (!memory.Fits && options.Memory is MemoryRequest.Auto or MemoryRequest.Light)
            return Relaying($"there is no room to hash: {memory.Reason}");
        if (isWorker && !memory.Fits)
            throw new UsageException(memory.Reason);
        bool isHost = isAskedFor || (options.Mode == NodeMode.Auto && isWorker && memory.Mode == MemoryMode.Full);
        return Named(isWorker, isHost, isWorker || isHost ? memory.Mode : MemoryMode.Light, true, Why(options, isWorker, isAskedFor, isHost, memory.Mode == MemoryMode.Hybrid));
    }

    /// <summary>A node that hashes.</summary>
    public static RolePlan Working(bool isFull, bool isHost, string reason) =>
        Named(true, isHost, isFull ? MemoryMode.Full : MemoryMode.Light, true, reason);

    /// <summary>A node that does not hash.</summary>
    public static RolePlan Idle(bool isHost, string reason) =>
        Named(false, isHost, isHost ? MemoryMode.Full : MemoryMode.Light, true, reason);

    /// <summary>A node that neither hashes nor has memory for caches.</summary>
    public static RolePlan Relaying(string reason) => Named(false, false, MemoryMode.Light, false, reason);

    /// <summary>Whether two plans differ in no more than their reasons.</summary>
    public bool IsSameAs(RolePlan other) => this with { Reason = other.Reason } == other;

    /// <summary>Whether this plan does without something that the other one has.</summary>
    public bool IsLessThan(RolePlan other) =>
        (other.IsDatasetHost && !IsDatasetHost) || (other.HasCaches && !HasCaches) || (other.Memory != MemoryMode.Light && Memory == MemoryMode.Light);

    private static RolePlan Named(bool isWorker, bool isHost, MemoryMode memory, bool hasCaches, string why)
    {
        var plan = new RolePlan(isWorker, isHost, memory, hasCaches, "");
        return plan with { Reason = $"{plan.Role}, because {why}" };
    }

    private static string Why(NodeOptions options, bool isWorker, bool isAskedFor, bool isHost, bool isPart)
    {
        if (isAskedFor)
            return options.DatasetHost ? "--dataset-host asks for it" : "mode master asks for it";
        if (!isWorker)
            return "there are no miner threads";
        if (options.Mode == NodeMode.Worker)
            return "mode worker asks for it";
        return isHost ? "the dataset fits into memory" : isPart ? "part of the dataset fits into memory" : "there is no dataset in light mode";
    }
}

using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Cluster.Membership;

/// <summary>What a node tells of itself in a heartbeat; its own claims, checked for form only.</summary>
internal sealed record MemberStatus
{
    /// <summary>Drawn at the start of the process.</summary>
    public ulong Run { get; init; }

    /// <summary>Grows within a run.</summary>
    public ulong Sequence { get; init; }

    public required string Version { get; init; }

    /// <summary>What people call it; empty when it does not say.</summary>
    public string Name { get; init; } = "";

    public NodeMode Mode { get; init; }

    public bool IsWorker { get; init; }

    public bool IsDatasetHost { get; init; }

    /// <summary>Hashes per second.</summary>
    public double Hashrate { get; init; }

    public int Threads { get; init; }

    /// <summary>What threads hash with.</summary>
    public MemoryMode Memory { get; init; } = MemoryMode.Light;

    /// <summary>CPUs that the process may use.</summary>
    public int Cpus { get; init; }

    /// <summary>In bytes.</summary>
    public ulong MemoryTotal { get; init; }

    /// <summary>In bytes.</summary>
    public ulong MemoryAvailable { get; init; }

    public required ChainTip Tip { get; init; }

    /// <summary>RandomX keys whose datasets are complete.</summary>
    public IReadOnlyList<Hash256> DatasetKeys { get; init; } = [];

    /// <summary>RandomX keys of Monero jobs under which there are shares.</summary>
    public IReadOnlyList<Hash256> KnownKeys { get; init; } = [];

    /// <summary>Whether it has a daemon that can be mined with.</summary>
    public bool HasDaemon { get; init; }

    /// <summary>Its part of the work, see <see cref="Node.Jobs.Ranges.WorkWeight"/>; 0 for a node that does not hash.</summary>
    public int WorkWeight { get; init; }

    /// <summary>Members that it is connected with, or some of them.</summary>
    public IReadOnlyList<PeerTail> Neighbours { get; init; } = [];

    /// <summary>In the words of the API.</summary>
    public string Role => (IsWorker, IsDatasetHost) switch
    {
        (true, true) => "dataset host, worker",
        (true, false) => "worker",
        (false, true) => "dataset host",
        _ => "relay",
    };
}

/// <summary>The end of a share chain, as its owner sees it.</summary>
/// <param name="Height">Links from the genesis link.</param>
/// <param name="Id">The link.</param>
/// <param name="Work">Its cumulative difficulty: of two chains, the one with more is followed.</param>
internal readonly record struct ChainTip(ulong Height, Hash256 Id, UInt128 Work);

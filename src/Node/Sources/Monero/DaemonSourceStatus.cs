namespace P2PMiner.Node.Sources.Monero;

/// <summary>One moment of the source.</summary>
/// <param name="Daemons">In the order of preference.</param>
/// <param name="ZmqDelivers">Whether the latest block was announced by ZMQ.</param>
internal sealed record DaemonSourceStatus(IReadOnlyList<DaemonStatus> Daemons, bool ZmqDelivers)
{
    /// <summary>The daemon that is mined with; null while none can be used.</summary>
    public DaemonStatus? Active => Daemons.FirstOrDefault(daemon => daemon.State == DaemonState.Active);
}

/// <summary>One daemon at one moment.</summary>
/// <param name="Name">Its URL without credentials.</param>
/// <param name="State">What it is to the source.</param>
/// <param name="Height">Of the block to be mined on its chain; 0 before it answered.</param>
/// <param name="Latency">Of its latest answer to <c>get_info</c>.</param>
/// <param name="Error">Why it cannot be used; null when it can.</param>
internal sealed record DaemonStatus(string Name, DaemonState State, ulong Height, TimeSpan Latency, DaemonError? Error);

internal enum DaemonState
{
    /// <summary>It was asked for the first time and has not answered.</summary>
    Connecting,

    /// <summary>It cannot be used now.</summary>
    Faulted,

    /// <summary>It could be mined with.</summary>
    Standby,

    /// <summary>It is mined with.</summary>
    Active,
}

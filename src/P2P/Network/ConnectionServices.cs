using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Network;

/// <summary>What all connections of a host share.</summary>
/// <param name="Protocols">Who serves what.</param>
/// <param name="Limits">Limits and time-outs.</param>
/// <param name="Streams">Room for streams over all connections.</param>
/// <param name="Memory">Room for what is received and not read, over all connections.</param>
/// <param name="Handlers">The handlers that are running.</param>
/// <param name="Time">The clock.</param>
/// <param name="StreamFailed">Is told what a handler threw.</param>
/// <param name="Stopping">Ends all handlers.</param>
internal sealed record ConnectionServices(
    ProtocolTable Protocols,
    ConnectionLimits Limits,
    StreamBudget Streams,
    MemoryBudget Memory,
    TaskTracker Handlers,
    TimeProvider Time,
    Action<StreamFailure> StreamFailed,
    CancellationToken Stopping)
{
    internal PeerShare NewShare() => new(Limits, Streams, Memory, Time);
}

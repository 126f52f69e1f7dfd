namespace P2PMiner.P2P.Network;

/// <summary>A handler threw; its stream has been reset.</summary>
/// <param name="Connection">The connection of the stream.</param>
/// <param name="Protocol">The protocol of the handler.</param>
/// <param name="Error">What it threw.</param>
public sealed record StreamFailure(IPeerConnection Connection, string Protocol, Exception Error);

using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Network;

internal static partial class NetworkLog
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {Address}")]
    internal static partial void Listening(ILogger logger, Multiaddr address);

    [LoggerMessage(2, LogLevel.Debug, "{Direction} connection with {Peer} at {Address} opened")]
    internal static partial void Opened(ILogger logger, Direction direction, PeerId peer, Multiaddr address);

    [LoggerMessage(3, LogLevel.Debug, "{Direction} connection with {Peer} at {Address} ended: {Reason}")]
    internal static partial void Ended(ILogger logger, Direction direction, PeerId peer, Multiaddr address, string? reason);

    [LoggerMessage(4, LogLevel.Debug, "Connection from {Address} refused: {Reason}")]
    internal static partial void Refused(ILogger logger, Multiaddr address, string reason);

    [LoggerMessage(5, LogLevel.Debug, "Connection with {Peer} closed to make room for another")]
    internal static partial void Trimmed(ILogger logger, PeerId peer);

    [LoggerMessage(6, LogLevel.Debug, "A handler of {Protocol} failed for {Peer}: {Reason}")]
    internal static partial void StreamFailed(ILogger logger, string protocol, PeerId peer, string reason);

    [LoggerMessage(7, LogLevel.Error, "A part of the host failed")]
    internal static partial void Failed(ILogger logger, Exception error);

    [LoggerMessage(8, LogLevel.Warning, "Cannot accept connections on {Address} for now: {Reason}")]
    internal static partial void AcceptPaused(ILogger logger, Multiaddr address, string reason);

    [LoggerMessage(9, LogLevel.Debug, "Dialling {Address} failed: {Reason}")]
    internal static partial void DialFailed(ILogger logger, Multiaddr address, string reason);
}

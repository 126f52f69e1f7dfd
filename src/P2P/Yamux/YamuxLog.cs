using Microsoft.Extensions.Logging;

namespace P2PMiner.P2P.Yamux;

/// <summary>What Yamux sessions log.</summary>
internal static partial class YamuxLog
{
    [LoggerMessage(1, LogLevel.Debug, "connection to {Peer} ended: {Reason}")]
    internal static partial void Ended(ILogger logger, string peer, string reason);

    [LoggerMessage(2, LogLevel.Information, "cut off {Peer}: {Reason}")]
    internal static partial void CutOff(ILogger logger, string peer, string reason);

    [LoggerMessage(3, LogLevel.Information, "reset a stream of {Peer}: it left more unread than its connection may hold")]
    internal static partial void OutOfMemory(ILogger logger, string peer);

    [LoggerMessage(4, LogLevel.Debug, "{Peer} did not take the last frames: {Error}")]
    internal static partial void NoFarewell(ILogger logger, string peer, string error);
}

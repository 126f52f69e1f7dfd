using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Identify;

internal static partial class IdentifyLog
{
    [LoggerMessage(1, LogLevel.Debug, "{Peer} was not identified: {Reason}")]
    internal static partial void NotIdentified(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(2, LogLevel.Debug, "{Peer} did not take an identify push: {Reason}")]
    internal static partial void NotPushed(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(3, LogLevel.Error, "Identify failed")]
    internal static partial void Failed(ILogger logger, Exception error);
}

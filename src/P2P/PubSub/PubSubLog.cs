using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.PubSub;

/// <summary>What pubsub logs.</summary>
internal static partial class PubSubLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "{Peer}: penalty {Penalty}: {Reason}")]
    internal static partial void Penalised(ILogger logger, PeerId peer, double penalty, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Peer} is cut off: {Reason}")]
    internal static partial void CutOff(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Peer}: no pubsub stream: {Reason}")]
    internal static partial void NoStream(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Peer}: pubsub stream ended: {Reason}")]
    internal static partial void StreamEnded(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Peer}: the pubsub stream stays on its connection: {Reason}")]
    internal static partial void NotMoved(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The validator of {Topic} failed; the message is ignored")]
    internal static partial void ValidatorFailed(ILogger logger, string topic, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The handler of {Topic} failed")]
    internal static partial void HandlerFailed(ILogger logger, string topic, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Peer}, named by another peer, cannot be reached: {Reason}")]
    internal static partial void NotReached(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Pubsub failed")]
    internal static partial void Failed(ILogger logger, Exception exception);
}

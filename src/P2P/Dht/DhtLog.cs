using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P.Dht;

/// <summary>All log lines of the DHT.</summary>
internal static partial class DhtLog
{
    [LoggerMessage(LogLevel.Information, "DHT {Protocol}: {Mode}")]
    internal static partial void ModeSet(ILogger logger, string protocol, DhtMode mode);

    [LoggerMessage(LogLevel.Warning, "The saved routing table {Path} is not used: {Reason}")]
    internal static partial void TableIgnored(ILogger logger, string path, string reason);

    [LoggerMessage(LogLevel.Warning, "The routing table could not be saved to {Path}: {Reason}")]
    internal static partial void TableNotSaved(ILogger logger, string path, string reason);

    [LoggerMessage(LogLevel.Debug, "Bootstrap address {Address} does not answer: {Reason}")]
    internal static partial void BootstrapFailed(ILogger logger, string address, string reason);

    [LoggerMessage(LogLevel.Debug, "DHT request of {Peer} refused: {Reason}")]
    internal static partial void RequestRefused(ILogger logger, PeerId peer, string reason);

    [LoggerMessage(LogLevel.Warning, "The value under {Key} is published no more: it is not valid any longer")]
    internal static partial void PublicationDropped(ILogger logger, string key);

    [LoggerMessage(LogLevel.Critical, "The upkeep of the DHT failed")]
    internal static partial void UpkeepFailed(ILogger logger, Exception error);
}

using Microsoft.Extensions.Logging;

namespace P2PMiner.P2P.Mdns;

internal static partial class MdnsLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "mDNS on {Interface}, from {Address}")]
    public static partial void Joined(ILogger logger, string @interface, System.Net.IPAddress address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "mDNS cannot be used on {Interface} at the moment: {Reason}")]
    public static partial void Failed(ILogger logger, string @interface, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "mDNS has left {Interface}")]
    public static partial void Left(ILogger logger, string @interface);

    [LoggerMessage(Level = LogLevel.Debug, Message = "mDNS asks again on every interface: {Reason}")]
    public static partial void Restarted(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "mDNS found {Peer} at {Count} addresses")]
    public static partial void Found(ILogger logger, Identity.PeerId peer, int count);

    [LoggerMessage(Level = LogLevel.Trace, Message = "mDNS packet from {Source} is malformed")]
    public static partial void Malformed(ILogger logger, System.Net.IPAddress source);
}

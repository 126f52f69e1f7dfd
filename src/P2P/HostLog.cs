using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Identity;

namespace P2PMiner.P2P;

internal static partial class HostLog
{
    [LoggerMessage(1, LogLevel.Information, "Host {Peer} started")]
    internal static partial void Started(ILogger logger, PeerId peer);

    [LoggerMessage(2, LogLevel.Information, "Host {Peer} stopped")]
    internal static partial void Stopped(ILogger logger, PeerId peer);

    [LoggerMessage(3, LogLevel.Warning, "Stopping took longer than {Seconds} s: what is left is abandoned")]
    internal static partial void StopTimeout(ILogger logger, double seconds);
}

using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>Handlers that tests of hosts serve.</summary>
internal static class Protocols
{
    internal const string Echo = "/test/echo/1";

    internal const string Silent = "/test/silent/1";

    internal const string Broken = "/test/broken/1";

    internal static async Task EchoAsync(PeerStream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[16 * 1024];
        for (int count; (count = await stream.ReadAsync(buffer, cancellation)) > 0;)
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellation);
        await stream.CloseWriteAsync(cancellation);
    }

    internal static Task SilentAsync(PeerStream stream, CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);

    internal static Task BrokenAsync(PeerStream stream, CancellationToken cancellation) => throw new InvalidOperationException("broken");

    internal static void ServeAll(Host host)
    {
        host.Handle(Echo, EchoAsync, new HandlerLimits(1000, 1000));
        host.Handle(Silent, SilentAsync, new HandlerLimits(1000, 1000));
        host.Handle(Broken, BrokenAsync);
    }
}

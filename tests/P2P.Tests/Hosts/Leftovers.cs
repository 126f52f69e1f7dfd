using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>What a host without work should have none of.</summary>
internal readonly record struct Leftovers(int Connections, int Streams, int Handshakes, int Dials, int Handlers)
{
    internal static Leftovers Of(Host host)
    {
        var swarm = (Swarm)host.Network;
        return new Leftovers(
            swarm.Connections.Count, swarm.Services.Streams.Used, swarm.Gate.Pending, swarm.Dialer.Count, swarm.Services.Handlers.Running);
    }
}

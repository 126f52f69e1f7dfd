using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.BenchP2P.Many;

/// <summary>Hosts of ours that each hold one connection to a node and do nothing else.</summary>
internal sealed class Dialers : IAsyncDisposable
{
    private const int AtOnce = 8;

    private readonly List<Host> _hosts = [];

    private Dialers()
    {
    }

    public static async Task<Dialers> ConnectAsync(string address, int count)
    {
        var dialers = new Dialers();
        Multiaddr target = Multiaddr.Parse(address);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (_, cancellation) =>
        {
            Host host = await Host.StartAsync(new HostOptions { Key = Ed25519KeyPair.Generate() }, NullLoggerFactory.Instance, cancellation);
            lock (dialers._hosts)
                dialers._hosts.Add(host);
            IPeerConnection connection = await PatientDial.DialAsync(host, target, cancellation);
            await host.IdentifyAsync(connection, cancellation);
        });
        return dialers;
    }

    public async ValueTask DisposeAsync() =>
        await Parallel.ForEachAsync(_hosts, async (host, _) => await host.DisposeAsync());
}

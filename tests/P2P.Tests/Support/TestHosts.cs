using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>Real hosts over TCP on loopback. Disposing stops them and fails the test if any of them reported a defect.</summary>
public sealed class TestHosts : IAsyncDisposable
{
    private readonly List<Host> _hosts = [];
    private readonly ConcurrentQueue<Exception> _defects = new();
    private int _created;

    public IReadOnlyList<Host> All => _hosts;

    /// <summary>Options with a key of their own, listening on IPv4 loopback, and no jitter.</summary>
    public HostOptions NewOptions()
    {
        byte[] seed = new byte[Ed25519KeyPair.SeedSize];
        BitConverter.TryWriteBytes(seed, ++_created);
        return new HostOptions
        {
            Key = Ed25519KeyPair.FromSeed(seed),
            Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
            AgentVersion = $"test/{_created}",
            Random = static () => 0,
        };
    }

    public async Task<Host> StartAsync(Func<HostOptions, HostOptions>? change = null, Action<Host>? configure = null)
    {
        HostOptions options = NewOptions();
        Host host = await Host.StartAsync(change?.Invoke(options) ?? options, configure ?? (static _ => { }), NullLoggerFactory.Instance).InTime();
        host.Failed += _defects.Enqueue;
        _hosts.Add(host);
        return host;
    }

    public async Task<Host[]> StartAsync(int count, Func<HostOptions, HostOptions>? change = null)
    {
        Host[] hosts = new Host[count];
        for (int i = 0; i < count; i++)
            hosts[i] = await StartAsync(change);
        return hosts;
    }

    public static async Task<IPeerConnection> ConnectAsync(Host from, Host to) => await from.DialAsync(to.Addresses[0]).InTime();

    public async ValueTask DisposeAsync()
    {
        foreach (Host host in _hosts)
            await host.DisposeAsync().InTime();
        Assert.That(_defects, Is.Empty);
    }
}

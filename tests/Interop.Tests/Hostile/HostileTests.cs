using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Interop.Tests.Raw;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>
/// A host under attack, and a friend of it whose connection has to outlive every test: an attack ends its own connection and nothing else.
/// </summary>
internal abstract class HostileTests
{
    protected const string Echo = "/p2p-miner/interop/echo/1.0.0";

    /// <summary>Its handler never reads.</summary>
    protected const string Silent = "/p2p-miner/interop/silent/1.0.0";

    private readonly ConcurrentQueue<Exception> _failures = new();
    private IPeerConnection _friendship = null!;

    protected Host Victim { get; private set; } = null!;

    protected Host Friend { get; private set; } = null!;

    protected Ed25519KeyPair VictimKey { get; } = Ed25519KeyPair.Generate();

    /// <summary>Where the victim listens.</summary>
    protected IPEndPoint Target { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        Victim = await Host.StartAsync(
            Configure(Options(VictimKey)),
            host =>
            {
                host.Failed += _failures.Enqueue;
                host.Handle(Echo, static async (stream, cancellation) =>
                {
                    await stream.CopyToAsync(stream, cancellation);
                    await stream.CloseWriteAsync(cancellation);
                });
                host.Handle(Silent, static (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation));
            },
            NullLoggerFactory.Instance);
        Friend = await Host.StartAsync(Configure(Options(Ed25519KeyPair.Generate())), NullLoggerFactory.Instance);
        _friendship = await Friend.DialAsync(Victim.Addresses[0]);
        Target = new IPEndPoint(IPAddress.Loopback, PortOf(Victim.Addresses[0]));
        await BefriendAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await Friend.DisposeAsync();
        await Victim.DisposeAsync();
    }

    [TearDown]
    public async Task CheckTheFriendAsync()
    {
        Assert.That(_failures, Is.Empty);
        Assert.That(_friendship.Closed.IsCancellationRequested, Is.False, "the friend lost its connection");
        await InTime.DoAsync(token => Friend.PingAsync(Victim.Id, token), "ping of the friend");
        Assert.That(Friend.Network.FindConnection(Victim.Id), Is.SameAs(_friendship));
    }

    /// <summary>What a fixture wants different; the same for victim and friend.</summary>
    protected virtual HostOptions Configure(HostOptions options) => options;

    /// <summary>What the friend does with the victim before the tests.</summary>
    protected virtual Task BefriendAsync() => Task.CompletedTask;

    /// <summary>Whether the victim knows a connection to this peer.</summary>
    protected bool IsConnected(PeerId peer) => Victim.Network.FindConnection(peer) is not null;

    protected static async Task UntilAsync(Func<bool> condition, string what) => await InTime.DoAsync(
        async token =>
        {
            while (!condition())
                await Task.Delay(5, token);
        },
        what);

    private static HostOptions Options(Ed25519KeyPair key) => new()
    {
        Key = key,
        Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")],
        // Peers that stall are to be cut off within a test's time.
        Limits = new ConnectionLimits
        {
            UpgradeStepTimeout = TimeSpan.FromSeconds(5),
            InboundUpgradeTimeout = TimeSpan.FromSeconds(8),
            NegotiationTimeout = TimeSpan.FromSeconds(5),
        },
    };

    private static int PortOf(Multiaddr address)
    {
        string[] parts = address.ToString().Split('/');
        return int.Parse(parts[Array.IndexOf(parts, "tcp") + 1]);
    }
}

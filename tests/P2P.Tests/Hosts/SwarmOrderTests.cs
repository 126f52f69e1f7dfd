using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>What happens to a connection while something else happens to its host.</summary>
public sealed class SwarmOrderTests : MemoryHostTests
{
    private const string Protocol = "/test/order/1";

    [Test]
    public async Task Connection_LetsNothingInBeforeItIsMadeKnown()
    {
        ConcurrentQueue<string> order = new();
        Host host = await Hosts.StartAsync(Options);
        Host other = await Hosts.StartAsync(Options);
        host.Network.ConnectionOpened += _ => order.Enqueue("opened");
        host.Handle(Protocol, (stream, cancellation) =>
        {
            order.Enqueue("stream");
            return Protocols.SilentAsync(stream, cancellation);
        });
        using ManualResetEventSlim isRaising = new();
        using ManualResetEventSlim mayGoOn = new();
        host.Network.LocalInfoChanged += () =>
        {
            isRaising.Set();
            mayGoOn.Wait();
        };
        Thread raising = new(() => host.Handle("/test/order/2", static (_, _) => Task.CompletedTask));
        Task<PeerStream> opening;
        try
        {
            raising.Start();
            Assert.That(isRaising.Wait(Wait.Deadline), Is.True);
            IPeerConnection connection = await TestHosts.ConnectAsync(other, host);
            opening = connection.OpenStreamAsync([Protocol]).AsTask();
            await ManualTime.SettleAsync();
            Assert.That(order, Is.Empty);
        }
        finally
        {
            mayGoOn.Set();
            raising.Join();
        }
        await using PeerStream stream = await opening.InTime();
        await Wait.UntilAsync(() => order.Count == 2, "connection and stream");

        Assert.That(order, Is.EqualTo(new[] { "opened", "stream" }));
    }

    [Test]
    public async Task Connection_ThatComesWhileTheHostStops_IsClosedToo()
    {
        Host[] peers = await Hosts.StartAsync(2, Options);
        using EndedHook loggers = new();
        HostOptions options = Options(Hosts.NewOptions()) with { Limits = new ConnectionLimits { MaxConnections = 1 } };
        await using Host host = await Host.StartAsync(options, loggers).InTime();
        await host.DialAsync(peers[0].Addresses[0]).InTime();
        await Time.AdvanceAsync(TimeSpan.FromMinutes(1));
        Task? stopping = null;
        // The first connection goes for the second, which nobody can find yet.
        loggers.Ended = () =>
        {
            if (stopping is not null)
                return;
            stopping = Task.Run(host.StopAsync);
            // Time for the stop to pass by; that it waits is what is tested.
            Task.WaitAny([stopping], TimeSpan.FromMilliseconds(300));
        };

        Task dialling = host.DialAsync(peers[1].Addresses[0]).AsTask();
        await dialling.InTime().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        await stopping!.InTime();
        await ManualTime.SettleAsync();
        Assert.That(host.Network.Connections, Is.Empty);
        Assert.That(peers.Select(static peer => peer.Network.Connections.Count), Is.All.Zero);
    }

    private HostOptions Options(HostOptions options) => options with
    {
        Transports = [Transport],
        Time = Time,
        Listen = [NextPlace()],
    };

    /// <summary>Runs something at the line in the log that says that a connection ended.</summary>
    private sealed class EndedHook : ILoggerFactory, ILogger
    {
        internal Action Ended { get; set; } = static () => { };

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == "Ended" && formatter(state, exception).Contains(" connection with ", StringComparison.Ordinal))
                Ended();
        }

        public void Dispose()
        {
        }
    }
}

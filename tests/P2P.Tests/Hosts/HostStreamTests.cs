using System.Security.Cryptography;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

public sealed class HostStreamTests
{
    private TestHosts _hosts = null!;
    private Host _a = null!;
    private Host _b = null!;
    private IPeerConnection _connection = null!;

    [SetUp]
    public async Task SetUp()
    {
        _hosts = new TestHosts();
        _a = await _hosts.StartAsync();
        _b = await _hosts.StartAsync(configure: Protocols.ServeAll);
        _connection = await TestHosts.ConnectAsync(_a, _b);
    }

    [TearDown]
    public ValueTask TearDown() => _hosts.DisposeAsync();

    [Test]
    public async Task Stream_CarriesMuchBothWaysAtOnce()
    {
        byte[] data = new byte[4 * 1024 * 1024];
        new Random(5).NextBytes(data);
        await using PeerStream stream = await _connection.OpenStreamAsync([Protocols.Echo]).InTime();

        Task writing = Task.Run(async () =>
        {
            await stream.WriteAsync(data);
            await stream.CloseWriteAsync();
        });
        byte[] hash = await SHA256.HashDataAsync(stream).InTime();
        await writing.InTime();

        Assert.That(hash, Is.EqualTo(SHA256.HashData(data)));
        Assert.That(await stream.ReadAsync(new byte[1]).InTime(), Is.Zero);
    }

    [Test]
    public async Task Streams_OfManyAtOnceEachGetTheirOwn()
    {
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
        {
            await using PeerStream stream = await _connection.OpenStreamAsync([Protocols.Echo]);
            byte[] sent = BitConverter.GetBytes(number);
            await stream.WriteAsync(sent);
            await stream.CloseWriteAsync();
            byte[] received = new byte[4];
            await stream.ReadExactlyAsync(received);
            Assert.That(received, Is.EqualTo(sent));
        })).InTime();

        await Wait.UntilAsync(() => _connection.StreamCount == 0 && _b.Network.Connections[0].StreamCount == 0, "end of all streams");
    }

    [Test]
    public async Task Streams_WaitForTheirTurnToNegotiate()
    {
        Host narrow = await _hosts.StartAsync(
            options => options with { Limits = new ConnectionLimits { MaxNegotiationsPerConnection = 2 } }, Protocols.ServeAll);
        IPeerConnection connection = await TestHosts.ConnectAsync(_a, narrow);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            await using PeerStream stream = await connection.OpenStreamAsync([Protocols.Echo]);
            await stream.WriteAsync(new byte[] { 7 });
            Assert.That(await stream.ReadAsync(new byte[1]), Is.EqualTo(1));
        })).InTime();

        await Wait.UntilAsync(() => Leftovers.Of(narrow) is { Streams: 0, Handlers: 0 }, "end of all streams");
    }

    [Test]
    public async Task Stream_OfAnUnknownProtocolIsRefused()
    {
        await Assert.ThrowsAsync<UnsupportedProtocolException>(() => _connection.OpenStreamAsync(["/none/1", "/none/2"]).InTime());
        await Wait.UntilAsync(() => _b.Network.Connections[0].StreamCount == 0, "end of the stream");
        Assert.That(await _a.PingAsync(_b.Id).InTime(), Is.GreaterThan(TimeSpan.Zero));
    }

    [Test]
    public async Task Handler_ThatThrowsResetsItsStreamAndIsReported()
    {
        List<StreamFailure> failures = [];
        _b.StreamFailed += failures.Add;
        await AssertResetAsync(Protocols.Broken);
        await Wait.UntilAsync(() => failures.Count == 1, "report");

        Assert.That((failures[0].Protocol, failures[0].Error.Message, failures[0].Connection.RemotePeer), Is.EqualTo((Protocols.Broken, "broken", _a.Id)));
        Assert.That(_connection.Closed.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task Handler_ThatReturnsEarlyResetsItsStream()
    {
        _b.Handle("/test/lazy/1", static (_, _) => Task.CompletedTask);
        await AssertResetAsync("/test/lazy/1");
    }

    [Test]
    public async Task Limits_PerProtocolAreKeptOnBothSides()
    {
        _b.Handle("/test/few/1", Protocols.EchoAsync, new HandlerLimits(Inbound: 2));
        _a.Handle("/test/few/1", Protocols.EchoAsync, new HandlerLimits(Outbound: 3));
        List<PeerStream> streams = [];
        for (int i = 0; i < 2; i++)
            streams.Add(await _connection.OpenStreamAsync(["/test/few/1"]).InTime());

        await AssertResetAsync("/test/few/1");
        _a.Handle("/test/few/1", Protocols.EchoAsync, new HandlerLimits(Outbound: 2));
        _b.Handle("/test/few/1", Protocols.EchoAsync, new HandlerLimits(Inbound: 3));
        IOException? error = await Assert.ThrowsAsync<IOException>(() => _connection.OpenStreamAsync(["/test/few/1"]).InTime());
        Assert.That(error!.Message, Does.StartWith("too many streams"));
        await streams[0].DisposeAsync();
        await Wait.UntilAsync(() => _b.Network.Connections[0].StreamCount == 1, "place");
        await using PeerStream again = await _connection.OpenStreamAsync(["/test/few/1"]).InTime();
        Assert.That(again.Protocol, Is.EqualTo("/test/few/1"));
    }

    [Test]
    public async Task Unhandle_RefusesNewStreamsAndLeavesOldOnes()
    {
        await using PeerStream stream = await _connection.OpenStreamAsync([Protocols.Echo]).InTime();
        _b.Unhandle(Protocols.Echo);

        await Assert.ThrowsAsync<UnsupportedProtocolException>(() => _connection.OpenStreamAsync([Protocols.Echo]).InTime());
        await stream.WriteAsync(new byte[1]).InTime();
        Assert.That(await stream.ReadAsync(new byte[1]).InTime(), Is.EqualTo(1));
    }

    [Test]
    public async Task Streams_EndWithTheirConnection()
    {
        await using PeerStream stream = await _connection.OpenStreamAsync([Protocols.Silent]).InTime();
        Task<int> reading = stream.ReadAsync(new byte[1]).AsTask();

        _b.Network.Connections[0].Abort("test");

        await Assert.ThatAsync(() => reading.InTime(), Throws.InstanceOf<ConnectionClosedException>());
        await Assert.ThatAsync(() => _connection.OpenStreamAsync([Protocols.Echo]).InTime(), Throws.InstanceOf<ConnectionClosedException>());
        await Wait.UntilAsync(() => _a.Network.Connections.Count == 0, "end of the connection");
    }

    /// <summary>A reset may overtake the answer of the negotiation, which then fails.</summary>
    private async Task AssertResetAsync(string protocol) => await Assert.ThrowsAsync<StreamResetException>(async () =>
    {
        await using PeerStream stream = await _connection.OpenStreamAsync([protocol]).InTime();
        await stream.ReadExactlyAsync(new byte[1]).InTime();
    });

    [Test]
    public async Task OpenStream_TellsCancellationFromTimeout()
    {
        using CancellationTokenSource caller = new();
        await caller.CancelAsync();
        await Assert.ThatAsync(() => _connection.OpenStreamAsync([Protocols.Echo], caller.Token).InTime(), Throws.InstanceOf<OperationCanceledException>());
    }
}

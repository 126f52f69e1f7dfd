using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Hosts;

/// <summary>Raw sockets that misbehave: each loses its own connection, and a good peer beside it notices nothing.</summary>
public sealed class HostileRemoteTests
{
    private static readonly ConnectionLimits Limits = new()
    {
        UpgradeStepTimeout = TimeSpan.FromMilliseconds(300),
        InboundUpgradeTimeout = TimeSpan.FromMilliseconds(600),
        MaxPendingInbound = 20,
        MaxNegotiationsPerConnection = 16,
    };

    private TestHosts _hosts = null!;
    private Host _victim = null!;
    private Host _good = null!;
    private IPeerConnection _connection = null!;

    [SetUp]
    public async Task SetUp()
    {
        _hosts = new TestHosts();
        _victim = await _hosts.StartAsync(static options => options with { Limits = Limits }, Protocols.ServeAll);
        _good = await _hosts.StartAsync();
        _connection = await TestHosts.ConnectAsync(_good, _victim);
    }

    [TearDown]
    public async Task TearDown()
    {
        await AssertUnharmedAsync();
        await _hosts.DisposeAsync();
    }

    [TestCase("random")]
    [TestCase("http")]
    [TestCase("zeros")]
    [TestCase("long line")]
    [TestCase("no newline")]
    [TestCase("wrong header")]
    [TestCase("wrong security")]
    [TestCase("noise garbage")]
    public async Task Garbage_EndsTheConnection(string kind)
    {
        byte[] noise = new byte[5000];
        new Random(3).NextBytes(noise);
        byte[] header = "\x13/multistream/1.0.0\n"u8.ToArray();
        await using RawRemote remote = await RawRemote.ConnectAsync(_victim);
        await remote.WriteAsync(kind switch
        {
            "random" => noise,
            "http" => "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(),
            "zeros" => new byte[1000],
            "long line" => [0xff, 0xff, 0x03, .. noise],
            "no newline" => "\x12/multistream/1.0.0x"u8.ToArray(),
            "wrong header" => "\x13/multistream/2.0.0\n"u8.ToArray(),
            "wrong security" => [.. header, .. "\x0b/plaintext\n"u8],
            _ => [.. header, .. "\x07/noise\n"u8, 0, 32, .. noise],
        });

        await remote.ReadToEndAsync();
    }

    [TestCase("nothing")]
    [TestCase("drops")]
    [TestCase("half a handshake")]
    public async Task SlowHandshakes_AreCutOff(string kind)
    {
        await using RawRemote remote = await RawRemote.ConnectAsync(_victim);
        Task ended = remote.ReadToEndAsync();
        if (kind == "half a handshake")
            await remote.WriteAsync([.. "\x13/multistream/1.0.0\n"u8, .. "\x07/noise\n"u8, 0, 32]);
        for (int i = 0; kind == "drops" && i < 19 && !ended.IsCompleted; i++)
        {
            try
            {
                await remote.WriteAsync("\x13/multistream/1.0.0"u8[i]);
            }
            catch (IOException)
            {
                break;
            }
            await Task.WhenAny(ended, Task.Delay(100));
        }

        await ended.InTime();
    }

    [Test]
    public async Task Handshakes_ThatHangDoNotKeepOthersOut()
    {
        List<RawRemote> remotes = [];
        for (int i = 0; i < 3 * Limits.MaxPendingInbound; i++)
            remotes.Add(await RawRemote.ConnectAsync(_victim));
        await Wait.UntilAsync(() => ((Swarm)_victim.Network).Gate.Pending <= Limits.MaxPendingInbound, "bounded handshakes");
        foreach (RawRemote remote in remotes)
        {
            await remote.ReadToEndAsync();
            await remote.DisposeAsync();
        }

        Host other = await _hosts.StartAsync();
        await TestHosts.ConnectAsync(other, _victim);
    }

    [Test]
    public async Task Secured_ButThenGarbage_EndsTheConnection()
    {
        await using RawRemote remote = await RawRemote.SecureAsync(_victim, 77);
        await Wait.UntilAsync(() => _victim.Network.Connections.Count == 2, "connection");

        await remote.WriteAsync(9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9);

        await remote.ReadToEndAsync();
        await Wait.UntilAsync(() => _victim.Network.Connections.Count == 1, "end of the connection");
    }

    [Test]
    public async Task TenThousandStreams_TakeBoundedRoom()
    {
        await using RawRemote remote = await RawRemote.SecureAsync(_victim, 77);
        await Wait.UntilAsync(() => _victim.Network.Connections.Count == 2, "connection");
        int most = 0;
        Task reading = remote.ReadToEndAsync();
        try
        {
            for (uint id = 1; id < 20_000 && !reading.IsCompleted; id += 2)
            {
                await remote.WriteAsync(RawRemote.Frame(1, 1, id, 0));
                most = Math.Max(most, ((Swarm)_victim.Network).Services.Streams.Used);
            }
        }
        catch (IOException)
        {
            // Cut off.
        }

        Assert.That(most, Is.LessThanOrEqualTo(Limits.MaxStreamsPerConnection + 10));
        await remote.DisposeAsync();
        await Wait.UntilAsync(() => _victim.Network.Connections.Count == 1, "end of the connection");
    }

    [Test]
    public async Task SilentStreams_NegotiateFewAtATime_AndGoWithTheirConnection()
    {
        await using RawRemote remote = await RawRemote.SecureAsync(_victim, 77);
        await Wait.UntilAsync(() => _victim.Network.Connections.Count == 2, "connection");
        const int Streams = 60;

        for (uint i = 0; i < Streams; i++)
            await remote.WriteAsync(RawRemote.Frame(1, 1, 1 + (2 * i), 0));
        await Wait.UntilAsync(() => Leftovers.Of(_victim).Streams >= Streams, "streams");

        Assert.That(Leftovers.Of(_victim).Handlers, Is.LessThan(Streams / 2));
        await remote.DisposeAsync();
        await Wait.UntilAsync(() => Leftovers.Of(_victim).Streams == 0, "end of the streams");
    }

    [Test]
    public async Task RemoteThatNeverReads_IsHeldInBounds()
    {
        await using RawRemote remote = await RawRemote.SecureAsync(_victim, 77);
        await Wait.UntilAsync(() => _victim.Network.Connections.Count == 2, "connection");
        // Pings whose answers nobody takes.
        byte[] ping = RawRemote.Frame(2, 1, 0, 7);
        byte[] many = [.. Enumerable.Repeat(ping, 1000).SelectMany(static frame => frame)];
        Task flooding = Task.Run(async () =>
        {
            try
            {
                while (true)
                    await remote.Stream.WriteAsync(many);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // Cut off.
            }
        });

        await flooding.InTime();
        await Wait.UntilAsync(() => _victim.Network.Connections.Count == 1, "end of the connection");
    }

    [Test]
    public async Task Connections_ThatComeAndGoLeaveNothingBehind()
    {
        Host other = await _hosts.StartAsync(configure: Protocols.ServeAll);
        for (int i = 0; i < 200; i++)
        {
            IPeerConnection connection = await TestHosts.ConnectAsync(other, _victim);
            if (i % 4 == 0)
            {
                PeerStream stream = await connection.OpenStreamAsync([Protocols.Silent]).InTime();
                await stream.WriteAsync(new byte[100]).InTime();
            }
            if (i % 2 == 0)
                await connection.CloseAsync().InTime();
            else
                connection.Abort("test");
            await Wait.UntilAsync(() => other.Network.Connections.Count == 0, "end here");
        }
        await other.StopAsync().InTime();

        await Wait.UntilAsync(() => Leftovers.Of(other) == default, "clean end");
        await Wait.UntilAsync(() => Leftovers.Of(_victim) == new Leftovers(1, 0, 0, 0, 0), "clean end at the remote");
    }

    private async Task AssertUnharmedAsync()
    {
        Assert.That(_connection.Closed.IsCancellationRequested, Is.False);
        Assert.That(await _good.PingAsync(_victim.Id).InTime(), Is.GreaterThan(TimeSpan.Zero));
        Assert.That(_victim.Network.Connections.Select(connection => connection.RemotePeer), Does.Contain(_good.Id));
    }
}

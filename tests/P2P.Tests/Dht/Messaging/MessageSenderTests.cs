using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Messaging;

/// <summary>Our requests to remotes that behave in their own ways.</summary>
public sealed class MessageSenderTests
{
    private const string Protocol = "/test/kad/1.0.0";

    private static readonly DhtMessage Question = new(DhtMessageType.FindNode, new byte[] { 1 });
    private static readonly DhtMessage Announcement = new(DhtMessageType.AddProvider, new byte[] { 1 });

    private ManualTime _time = null!;
    private TestNetwork _local = null!;
    private TestNetwork _remote = null!;
    private MessageSender _sender = null!;
    private int _streams;

    [SetUp]
    public void SetUp()
    {
        _time = new ManualTime();
        TestSwarm swarm = new(_time);
        (_local, _remote) = (swarm.Add(), swarm.Add());
        _local.Connect(_remote);
        _sender = new MessageSender(_local, Protocol, streamsPerPeer: 4);
        _streams = 0;
    }

    [TearDown]
    public async Task TearDown() => await _sender.DisposeAsync();

    [Test]
    public async Task Requests_OneAfterTheOther_ShareAStream_ThatIsClosedWhenItRestsTooLong()
    {
        Serve(static async (stream, reader) =>
        {
            while (await reader.ReadAsync(default) is DhtMessage request)
                await MessageWriter.WriteAsync(stream, request, default);
            await stream.CloseWriteAsync();
        });
        for (int i = 0; i < 10; i++)
            await AskAsync();

        Assert.That(_streams, Is.EqualTo(1));
        Assert.That(_sender.Idle, Is.EqualTo(1));
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => _sender.Idle == 0 && OpenStreams == 0, "end of the stream");
    }

    [Test]
    public async Task RemoteThatEndsEveryStreamAfterItsAnswer_IsAskedOnFreshOnes()
    {
        Serve(static async (stream, reader) =>
        {
            await MessageWriter.WriteAsync(stream, (await reader.ReadAsync(default))!, default);
            await stream.CloseWriteAsync();
            await DrainAsync(stream);
        });
        for (int i = 0; i < 5; i++)
            await AskAsync();

        Assert.That(_streams, Is.EqualTo(5));
    }

    [Test]
    public async Task RemoteThatResetsAStreamAtRest_IsAskedOnAFreshOne()
    {
        TaskCompletionSource reset = new();
        Serve(async (stream, reader) =>
        {
            await MessageWriter.WriteAsync(stream, (await reader.ReadAsync(default))!, default);
            await reset.Task;
            stream.Reset();
        });
        await AskAsync();
        reset.SetResult();
        await Wait.UntilAsync(() => _remote.Connections.All(connection => connection.StreamCount == 0), "reset");
        Serve(static async (stream, reader) =>
        {
            await MessageWriter.WriteAsync(stream, (await reader.ReadAsync(default))!, default);
            await DrainAsync(stream);
        });
        await AskAsync();

        Assert.That(_streams, Is.EqualTo(2));
    }

    [Test]
    public async Task RequestsAtOnce_UseNoMoreStreamsThanAllowed_AndFewRestAfterwards()
    {
        TaskCompletionSource gate = new();
        Serve(async (stream, reader) =>
        {
            while (await reader.ReadAsync(default) is DhtMessage request)
            {
                await gate.Task;
                await MessageWriter.WriteAsync(stream, request, default);
            }
            await stream.CloseWriteAsync();
        });
        Task[] requests = [.. Enumerable.Range(0, 50).Select(_ => AskAsync())];
        await Wait.UntilAsync(() => _streams == 4, "streams");
        await ManualTime.SettleAsync();
        Assert.That(_streams, Is.EqualTo(4));
        gate.SetResult();
        await Task.WhenAll(requests).InTime();

        Assert.That(_sender.Idle, Is.EqualTo(PeerLane.MaxIdle));
        await Wait.UntilAsync(() => OpenStreams == PeerLane.MaxIdle, "end of the others");
    }

    [Test]
    public async Task WrongAnswers_AreNotBelieved_AndCostTheStream()
    {
        Func<DhtMessage, byte[]>[] answers =
        [
            _ => [0x01, 0x00],
            _ => [0xff, 0xff, 0xff, 0x7f],
            _ => Frame(new DhtMessage(DhtMessageType.GetValue)),
            request => [.. Frame(request), .. Frame(request)],
            request => Frame(request)[..^1],
        ];
        foreach (Func<DhtMessage, byte[]> answer in answers)
        {
            Serve(async (stream, reader) =>
            {
                await stream.WriteAsync(answer((await reader.ReadAsync(default))!));
                await stream.CloseWriteAsync();
                await DrainAsync(stream);
            });
            Assert.That(async () => await AskAsync(), Throws.TypeOf<InvalidDataException>());
            await Wait.UntilAsync(() => OpenStreams == 0, "end of the stream");
        }
    }

    // go-libp2p and js-libp2p name every provider they know of, in up to 4 MiB.
    [Test]
    public async Task AnswerOfMegabytes_IsTaken_WithAsManyPeersAsAreKept()
    {
        DhtPeer[] peers = [.. Enumerable.Range(0, 80_000).Select(number => new DhtPeer(TestPeers.Peer(number % 500), []))];
        byte[] large = Frame(new DhtMessage(Question.Type) { CloserPeers = peers });
        Assert.That(large.Length, Is.InRange(3_000_000, WireLimits.MaxResponseSize));
        Serve(async (stream, reader) =>
        {
            while (await reader.ReadAsync(default) is not null)
                await stream.WriteAsync(large);
            await stream.CloseWriteAsync();
        });

        // More often than there are places for such answers.
        for (int i = 0; i < 6; i++)
        {
            DhtMessage answer = await _sender.RequestAsync(_remote.LocalPeer, Question, default).InTime();
            Assert.That(answer.CloserPeers, Has.Count.EqualTo(WireLimits.MaxCloserPeers));
        }
    }

    [Test]
    public async Task LargeMessage_WaitsForAPlace_AndASmallOneDoesNot()
    {
        byte[] small = Frame(Question);
        DhtPeer[] peers = [.. Enumerable.Range(0, 10_000).Select(number => new DhtPeer(TestPeers.Peer(number % 500), []))];
        byte[] large = Frame(new DhtMessage(Question.Type) { CloserPeers = peers });
        using SemaphoreSlim places = new(0);
        using MessageReader reader = new(new MemoryStream([.. small, .. large]), WireLimits.MaxResponseSize, places);

        Assert.That(await reader.ReadAsync(default).AsTask().InTime(), Is.Not.Null);
        Task<DhtMessage?> reading = reader.ReadAsync(default).AsTask();
        await ManualTime.SettleAsync();
        Assert.That(reading.IsCompleted, Is.False);
        places.Release();
        Assert.That((await reading.InTime())!.CloserPeers, Is.Not.Empty);
        Assert.That(places.CurrentCount, Is.Zero);
        reader.Dispose();
        Assert.That(places.CurrentCount, Is.EqualTo(1));
    }

    [Test]
    public async Task RemoteWithoutAnAnswer_IsGivenUpWhenCancelled()
    {
        Serve(static async (_, reader) => await Task.WhenAll(reader.ReadAsync(default).AsTask(), Task.Delay(Timeout.Infinite)));
        using CancellationTokenSource cancellation = new();
        Task asking = _sender.RequestAsync(_remote.LocalPeer, Question, cancellation.Token);
        await ManualTime.SettleAsync();
        await cancellation.CancelAsync();

        Assert.That(async () => await asking.InTime(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_local.Connections[0].StreamCount, Is.Zero);
    }

    [Test]
    public async Task Announcement_IsDone_HoweverTheRemoteEndsTheStream_OrDoesNot()
    {
        TaskCompletionSource never = new();
        Func<PeerStream, MessageReader, Task>[] remotes =
        [
            async (stream, reader) =>
            {
                await reader.ReadAsync(default);
                await reader.ReadAsync(default);
                await stream.CloseWriteAsync();
            },
            async (stream, reader) =>
            {
                await reader.ReadAsync(default);
                stream.Reset();
            },
            async (stream, reader) => await MessageWriter.WriteAsync(stream, (await reader.ReadAsync(default))!, default),
            async (_, reader) =>
            {
                await reader.ReadAsync(default);
                await never.Task;
            },
        ];
        foreach (Func<PeerStream, MessageReader, Task> remote in remotes)
        {
            Serve(remote);
            Task sending = _sender.SendAsync(_remote.LocalPeer, Announcement, default);
            await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => sending.IsCompleted, "end");
            Assert.That(async () => await sending, Throws.Nothing);
        }
        never.SetResult();
        Assert.That(_sender.Idle, Is.Zero);
    }

    [Test]
    public void PeerThatServesNothing_IsAnError()
    {
        Assert.That(async () => await AskAsync(), Throws.TypeOf<UnsupportedProtocolException>());
        Assert.That(async () => await _sender.RequestAsync(TestPeers.Peer(1), Question, default), Throws.TypeOf<DialException>());
    }

    [Test]
    public async Task MessageOverTheBound_IsNotSent()
    {
        Serve(static async (_, reader) => await reader.ReadAsync(default));
        DhtMessage huge = new(DhtMessageType.PutValue) { Record = new DhtRecord(new byte[1], new byte[WireLimits.MaxSentSize]) };

        Assert.That(async () => await _sender.RequestAsync(_remote.LocalPeer, huge, default), Throws.TypeOf<InvalidDataException>());
        await Wait.UntilAsync(() => OpenStreams == 0, "end of the stream");
    }

    private int OpenStreams => _local.Connections.Sum(connection => connection.StreamCount);

    private void Serve(Func<PeerStream, MessageReader, Task> serve) => _remote.Handle(Protocol, async (stream, _) =>
    {
        Interlocked.Increment(ref _streams);
        using MessageReader reader = new(stream, WireLimits.MaxResponseSize);
        await serve(stream, reader);
    });

    private async Task AskAsync()
    {
        DhtMessage answer = await _sender.RequestAsync(_remote.LocalPeer, Question, default).InTime();
        Assert.That(answer.Type, Is.EqualTo(Question.Type));
    }

    /// <summary>Waits for the other side to end the stream in whichever way.</summary>
    private static async Task DrainAsync(PeerStream stream)
    {
        try
        {
            while (await stream.ReadAsync(new byte[64]) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset is an end as well.
        }
    }

    private static byte[] Frame(DhtMessage message)
    {
        byte[] bytes = new byte[Varint.MaxLength + DhtMessageEncoder.Size(message)];
        int prefix = Varint.Write(bytes, (ulong)DhtMessageEncoder.Size(message));
        return bytes[..(prefix + DhtMessageEncoder.Write(message, bytes.AsSpan(prefix)))];
    }
}

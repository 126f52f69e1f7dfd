using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Messaging;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Dht.Messaging;

/// <summary>Frames written by hand to a server: what costs the stream, and nothing else.</summary>
public sealed class MessageServerTests
{
    private static readonly DhtMessage Question = new(DhtMessageType.FindNode, new byte[] { 1 });

    private ManualTime _time = null!;
    private TestNetwork _server = null!;
    private TestNetwork _client = null!;
    private KademliaDht _dht = null!;

    [SetUp]
    public async Task SetUp()
    {
        _time = new ManualTime();
        TestSwarm swarm = new(_time);
        _server = swarm.Add();
        _client = swarm.Add();
        _dht = new KademliaDht(
            _server, new DhtOptions { Validators = TestRecords.Namespaces, RequestsPerSecond = 100, InboundStreams = 8 }, new Random(1), null);
        await _dht.StartAsync();
        _client.Connect(_server);
    }

    [TearDown]
    public async Task TearDown() => await _dht.DisposeAsync();

    [Test]
    public async Task Stream_ServesManyRequests_AndIsClosedInPeace()
    {
        PeerStream stream = await OpenAsync();
        using MessageReader reader = new(stream, WireLimits.MaxResponseSize);
        for (int i = 0; i < 20; i++)
        {
            await MessageWriter.WriteAsync(stream, Question, default).InTime();
            Assert.That((await reader.ReadAsync(default).InTime())!.Type, Is.EqualTo(DhtMessageType.FindNode));
        }
        await stream.CloseWriteAsync();

        Assert.That(await reader.ReadAsync(default).InTime(), Is.Null);
    }

    [Test]
    public async Task RequestsSentTogether_AreAnsweredInOrder()
    {
        PeerStream stream = await OpenAsync();
        byte[] key = TestRecords.Key("a");
        DhtMessage[] requests =
        [
            Question,
            new(DhtMessageType.PutValue, key) { Record = new DhtRecord(key, new byte[] { 5 }) },
            new(DhtMessageType.AddProvider, Multihash.Sha256([]).Bytes.ToArray()) { ProviderPeers = [new DhtPeer(_client.LocalPeer, [_client.Address])] },
            new(DhtMessageType.GetValue, key),
            new(DhtMessageType.GetProviders, Multihash.Sha256([]).Bytes.ToArray()),
        ];
        await stream.WriteAsync(requests.SelectMany(Frame).ToArray());
        using MessageReader reader = new(stream, WireLimits.MaxResponseSize);

        List<DhtMessage> answers = [];
        for (int i = 0; i < 4; i++)
            answers.Add((await reader.ReadAsync(default).InTime())!);

        Assert.That(answers.Select(answer => answer.Type), Is.EqualTo(new[]
        {
            DhtMessageType.FindNode, DhtMessageType.PutValue, DhtMessageType.GetValue, DhtMessageType.GetProviders,
        }));
        Assert.That(answers[2].Record!.Value.ToArray(), Is.EqualTo(new byte[] { 5 }));
        Assert.That(answers[3].ProviderPeers.Single().Peer, Is.EqualTo(_client.LocalPeer));
    }

    [TestCase("00", TestName = "Server_ResetsStream_EmptyMessage_APutWithoutRecord")]
    [TestCase("0100", TestName = "Server_ResetsStream_Garbage")]
    [TestCase("8000", TestName = "Server_ResetsStream_LengthNotCanonical")]
    [TestCase("ffffffffffffffffff01", TestName = "Server_ResetsStream_LengthOver63Bits")]
    [TestCase("ffffff7f", TestName = "Server_ResetsStream_LengthOver64Kib")]
    [TestCase("818004", TestName = "Server_ResetsStream_LengthOneOver64Kib")]
    [TestCase("0408061200", TestName = "Server_ResetsStream_UnknownType")]
    [TestCase("020804", TestName = "Server_ResetsStream_FindNodeWithoutKey")]
    [TestCase("050803120100", TestName = "Server_ResetsStream_GetProvidersOfNoMultihash")]
    public async Task Server_ResetsStream(string hex)
    {
        PeerStream healthy = await OpenAsync();
        PeerStream hostile = await OpenAsync();
        await hostile.WriteAsync(Convert.FromHexString(hex));

        Assert.That(async () => await hostile.ReadAsync(new byte[1]).InTime(), Throws.TypeOf<StreamResetException>());
        await AssertServesAsync(healthy);
    }

    [Test]
    public async Task Server_ResetsStream_ThatEndsWithinAMessage()
    {
        PeerStream stream = await OpenAsync();
        await stream.WriteAsync(Frame(Question).AsMemory()[..^1]);
        await stream.CloseWriteAsync();

        Assert.That(async () => await stream.ReadAsync(new byte[1]).InTime(), Throws.TypeOf<StreamResetException>());
    }

    [Test]
    public async Task Server_ResetsStream_ThatIsSilent_OrNeverFinishesAMessage()
    {
        PeerStream silent = await OpenAsync();
        PeerStream slow = await OpenAsync();
        Task<int> silence = silent.ReadAsync(new byte[1]).AsTask();
        Task<int> drip = slow.ReadAsync(new byte[1]).AsTask();
        foreach (byte part in Frame(new DhtMessage(DhtMessageType.FindNode, new byte[100]))[..20])
        {
            if (!drip.IsCompleted)
                await slow.WriteAsync(new[] { part });
            await _time.AdvanceAsync(TimeSpan.FromSeconds(2));
        }

        Assert.That(async () => await silence.InTime(), Throws.TypeOf<StreamResetException>());
        Assert.That(async () => await drip.InTime(), Throws.TypeOf<StreamResetException>());
    }

    [Test]
    public async Task Server_ResetsStream_OfOneWhoNeverReads()
    {
        byte[] key = TestRecords.Key("a");
        PeerStream stream = await OpenAsync();
        await stream.WriteAsync(Frame(new DhtMessage(DhtMessageType.PutValue, key) { Record = new DhtRecord(key, new byte[30_000]) }));
        Task flood = FloodAsync(stream, Frame(new DhtMessage(DhtMessageType.GetValue, key)));
        await Wait.UntilAsync(_time, TimeSpan.FromSeconds(1), () => flood.IsCompleted, "reset");

        Assert.That(async () => await flood, Throws.TypeOf<StreamResetException>());
    }

    [Test]
    public async Task StreamsOverTheLimit_AreRefused_AndTheOthersServed()
    {
        List<PeerStream> streams = [];
        for (int i = 0; i < 8; i++)
            streams.Add(await OpenAsync());
        PeerStream tooMany = await OpenAsync();

        Assert.That(async () => await tooMany.ReadAsync(new byte[1]).InTime(), Throws.InstanceOf<IOException>());
        foreach (PeerStream stream in streams)
            await AssertServesAsync(stream);
    }

    [Test]
    public async Task RequestsOverTheRate_Wait()
    {
        PeerStream stream = await OpenAsync();
        using MessageReader reader = new(stream, WireLimits.MaxResponseSize);
        for (int i = 0; i < 100; i++)
        {
            await MessageWriter.WriteAsync(stream, Question, default).InTime();
            await reader.ReadAsync(default).InTime();
        }
        await MessageWriter.WriteAsync(stream, Question, default).InTime();
        Task<DhtMessage?> late = reader.ReadAsync(default).AsTask();
        await ManualTime.SettleAsync();
        Assert.That(late.IsCompleted, Is.False);
        await Wait.UntilAsync(_time, TimeSpan.FromMilliseconds(5), () => late.IsCompleted, "answer");
        Assert.That((await late)!.Type, Is.EqualTo(DhtMessageType.FindNode));
    }

    [Test]
    public async Task ServerThatBecomesClient_EndsItsStreams()
    {
        PeerStream stream = await OpenAsync();
        await AssertServesAsync(stream);
        await _dht.SetModeAsync(DhtMode.Client);

        Assert.That(async () => await stream.ReadAsync(new byte[1]).InTime(), Throws.TypeOf<StreamResetException>());
        Assert.That(async () => await OpenAsync(), Throws.TypeOf<UnsupportedProtocolException>());
    }

    private static async Task FloodAsync(PeerStream stream, byte[] frame)
    {
        while (true)
            await stream.WriteAsync(frame);
    }

    private static async Task AssertServesAsync(PeerStream stream)
    {
        await MessageWriter.WriteAsync(stream, Question, default).InTime();
        using MessageReader reader = new(stream, WireLimits.MaxResponseSize);
        Assert.That((await reader.ReadAsync(default).InTime())!.Type, Is.EqualTo(DhtMessageType.FindNode));
    }

    private async Task<PeerStream> OpenAsync() => await _client.OpenStreamAsync(_server.LocalPeer, [DhtOptions.DefaultProtocol]).InTime();

    private static byte[] Frame(DhtMessage message)
    {
        byte[] bytes = new byte[Varint.MaxLength + DhtMessageEncoder.Size(message)];
        int prefix = Varint.Write(bytes, (ulong)DhtMessageEncoder.Size(message));
        return bytes[..(prefix + DhtMessageEncoder.Write(message, bytes.AsSpan(prefix)))];
    }
}

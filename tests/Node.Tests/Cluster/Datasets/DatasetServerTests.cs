using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster.Datasets;

/// <summary>Whom a host sends its dataset when many ask: numbers below 100 are strangers.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DatasetServerTests : IDisposable
{
    private const int Items = 4 * DatasetWorkers.ChunkItems;

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly RandomXDataset _dataset = RandomXDataset.AllocateOwn(PagePreference.Normal, Items);
    private readonly DatasetServer _server;
    private readonly List<Task> _served = [];
    private readonly CancellationTokenSource _stop = new();

    public DatasetServerTests() => _server = new DatasetServer(
        _ => new HeldDataset(_dataset, Items), new UploadBudget(null, _time), peer => Number(peer) >= 100, _time);

    public void Dispose()
    {
        _dataset.Dispose();
        _stop.Dispose();
    }

    [Test]
    public async Task Strangers_HaveHalfOfTheSlots_ProvenMembersAll()
    {
        await SlowReadersAsync(1, UploadSlots.MostOfStrangers);
        Assert.That(await AskAsync(Open(50)), Is.EqualTo(DatasetRefusal.Busy));
        await SlowReadersAsync(100, UploadSlots.Most - UploadSlots.MostOfStrangers);
        Assert.That(await AskAsync(Open(150)), Is.EqualTo(DatasetRefusal.Busy));
        await StopAsync();
    }

    [Test]
    public async Task ProvenMembers_MayHaveAllSlots()
    {
        await SlowReadersAsync(100, UploadSlots.Most);
        _time.Advance(UploadSlots.Grace);
        Assert.That(await AskAsync(Open(1)), Is.EqualTo(DatasetRefusal.Busy), "a stranger takes nothing from them");
        Assert.That(await AskAsync(Open(200)), Is.EqualTo(DatasetRefusal.None), "another one takes the slot of the slowest");
        await StopAsync();
    }

    [Test]
    public async Task SlowReader_MakesRoom_ButNotAtOnce()
    {
        IReadOnlyList<PipeStream> slow = await SlowReadersAsync(1, UploadSlots.MostOfStrangers - 1);
        _time.Advance(UploadSlots.Grace / 2);
        PipeStream last = (await SlowReadersAsync(40, 1)).Single();
        Assert.That(await AskAsync(Open(50)), Is.EqualTo(DatasetRefusal.Busy), "a connection begins slowly");
        _time.Advance(UploadSlots.Grace / 2);
        for (int i = 0; i < slow.Count; i++)
            Assert.That(await AskAsync(Open(50 + i)), Is.EqualTo(DatasetRefusal.None), $"place {i}");
        Assert.That(await AskAsync(Open(60)), Is.EqualTo(DatasetRefusal.Busy), "all others are new");
        foreach (PipeStream stream in slow)
            Assert.That(async () => await stream.CopyToAsync(Stream.Null, _stop.Token), Throws.InstanceOf<IOException>());
        Assert.That(async () => await last.ReadExactlyAsync(new byte[DatasetProtocol.MaxChunkSize], _stop.Token), Throws.Nothing);
        await StopAsync();
    }

    [Test]
    public async Task FastReaders_MakeNoRoom()
    {
        PipeStream[] fast = [.. Enumerable.Range(1, UploadSlots.MostOfStrangers).Select(Open)];
        TimeSpan step = TimeSpan.FromSeconds(UploadSlots.SlowestReader / 4);
        for (TimeSpan spent = TimeSpan.Zero; spent < 2 * UploadSlots.Grace; spent += step)
        {
            foreach (PipeStream stream in fast)
                Assert.That(await AskAsync(stream), Is.EqualTo(DatasetRefusal.None));
            _time.Advance(step);
        }
        Assert.That(await AskAsync(Open(50)), Is.EqualTo(DatasetRefusal.Busy));
        Assert.That(await AskAsync(fast[0]), Is.EqualTo(DatasetRefusal.None));
        await StopAsync();
    }

    [Test]
    public async Task WhoAsksForNothing_HasNoSlot()
    {
        PipeStream[] idle = [.. Enumerable.Range(1, 4 * UploadSlots.Most).Select(Open)];
        Assert.That(await AskAsync(Open(200)), Is.EqualTo(DatasetRefusal.None));
        Assert.That(await AskAsync(idle[^1]), Is.EqualTo(DatasetRefusal.None));
        await StopAsync();
    }

    [Test]
    public void Slot_CountsOnlyTheReadersTime()
    {
        UploadSlot slot = new(PipeStream.Open(Peer(1), Peer(0)).Server, _time);
        Spend(10);
        Assert.That(slot.SecondsPerChunk, Is.Zero, "the sender was waited for");
        slot.AwaitReader();
        Spend(2);
        slot.Pause();
        Spend(10);
        slot.AwaitReader();
        slot.AwaitReader();
        Spend(1);
        Assert.That(slot.SecondsPerChunk, Is.EqualTo(3));
        slot.Take();
        Assert.That(slot.SecondsPerChunk, Is.EqualTo(3));
        Spend(10);
        slot.AwaitReader();
        Spend(1);
        slot.Take();
        Assert.That(slot.SecondsPerChunk, Is.EqualTo(2), "the moving average");
        Assert.That(slot.Age, Is.EqualTo(TimeSpan.FromSeconds(34)));

        void Spend(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_served).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(_served.Where(task => task.IsFaulted).Select(task => task.Exception!.InnerException), Is.All.InstanceOf<IOException>());
    }

    /// <summary>Readers who have each taken one chunk and one byte of the next.</summary>
    private async Task<IReadOnlyList<PipeStream>> SlowReadersAsync(int first, int count)
    {
        PipeStream[] streams = [.. Enumerable.Range(first, count).Select(Open)];
        foreach (PipeStream stream in streams)
        {
            Assert.That(await AskAsync(stream, chunks: 2), Is.EqualTo(DatasetRefusal.None));
            await stream.ReadExactlyAsync(new byte[1], _stop.Token);
        }
        return streams;
    }

    private PipeStream Open(int peer)
    {
        (PipeStream ours, PipeStream theirs) = PipeStream.Open(Peer(peer), Peer(0));
        _served.Add(Task.Run(
            async () =>
            {
                await using (theirs)
                    await _server.ServeAsync(theirs, _stop.Token);
            },
            CancellationToken.None));
        return ours;
    }

    /// <summary>Asks for chunks and reads the first of them.</summary>
    private async Task<DatasetRefusal> AskAsync(PipeStream stream, int chunks = 1)
    {
        await Frames.WriteAsync(stream, DatasetProtocol.RequestFor(Hash256.Zero, 0, chunks), _stop.Token);
        return (await ReadChunkAsync(stream)).Refusal;
    }

    private async Task<DatasetChunk> ReadChunkAsync(PipeStream stream) =>
        await Frames.ReadAsync(stream, DatasetChunk.Parser, DatasetProtocol.MaxMessageSize, _stop.Token) ?? throw new EndOfStreamException();

    private static PeerId Peer(int number) => PeerId.FromEd25519([(byte)number, .. new byte[31]]);

    private static int Number(PeerId peer) => Enumerable.Range(0, 256).First(number => Peer(number).Equals(peer));
}

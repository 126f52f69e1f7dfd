using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Tests.Cluster.Datasets;

/// <summary>Whom a swarm asks for chunks of a dataset that is all zeros, which is what honest hosts send.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DatasetSwarmTests : IDisposable
{
    private const int Items = 8 * DatasetWorkers.ChunkItems;

    private static readonly PeerId Self = Peer(0), Stranger = Peer(8), Proven = Peer(9);

    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly Conduct _conduct;
    private readonly DatasetSwarm _swarm;
    private readonly Lock _lock = new();
    private readonly List<PeerId> _asked = [];
    private readonly List<PeerId> _banned = [];
    private readonly List<Task> _served = [];
    private readonly List<RandomXDataset> _datasets = [];
    private readonly CancellationTokenSource _stop = new();
    private volatile PeerId[] _hosts = [];

    public DatasetSwarmTests()
    {
        _conduct = new Conduct(_time, NullLogger.Instance);
        _conduct.Banned += peer => Note(_banned, peer);
        _swarm = new DatasetSwarm(
            _ => [.. _hosts.Where(_conduct.IsWelcome)], Open, peer => peer.Equals(Proven), _conduct, _time, NullLogger.Instance);
    }

    public void Dispose()
    {
        foreach (RandomXDataset dataset in _datasets)
            dataset.Dispose();
        _stop.Dispose();
    }

    [Test]
    public async Task AfterThreeLiars_OnlyMembersWhoHaveProvedThemselvesAreAsked_ForTheRestOfTheDataset()
    {
        ChunkQueue queue = new(Items);
        Task supply = Supply(queue);
        for (int liar = 1; liar <= 3; liar++)
        {
            _hosts = [Peer(liar)];
            await UntilAsync(() => _banned.Count == liar, $"liar {liar} is shut out");
        }

        // All that may help are asked in one go, in this order.
        _hosts = [Stranger, Proven];
        await UntilAsync(() => queue.IsDone, "the dataset is there");
        Assert.That(_asked, Is.EqualTo(new[] { Peer(1), Peer(2), Peer(3), Proven }));
        Assert.That(_banned, Has.Count.EqualTo(3));

        _hosts = [];
        ChunkQueue next = new(Items);
        Task nextSupply = Supply(next);
        _hosts = [Stranger];
        await UntilAsync(() => next.IsDone, "the next dataset is there, from a stranger");
        Assert.That(_asked[^1], Is.EqualTo(Stranger));
        await StopAsync(supply, nextSupply);
    }

    private async Task StopAsync(params Task[] supplies)
    {
        await _stop.CancelAsync();
        await Task.WhenAll([.. supplies, .. _served]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(supplies.Select(supply => supply.IsCanceled), Is.All.True);
    }

    private Task Supply(ChunkQueue queue)
    {
        RandomXDataset dataset = RandomXDataset.AllocateOwn(PagePreference.Normal, Items);
        _datasets.Add(dataset);
        Random random = new(1);
        ChunkCheck check = new(dataset, new ZeroCache(), random.NextBytes);
        return _swarm.SupplyAsync(new ChunkIntake(Hash256.Zero, dataset, queue, check, TimeProvider.System), _stop.Token);
    }

    private ValueTask<PeerStream> Open(PeerId peer, CancellationToken cancellation)
    {
        (PipeStream ours, PipeStream theirs) = PipeStream.Open(Self, peer);
        Note(_asked, peer);
        lock (_lock)
            _served.Add(Task.Run(() => ServeAsync(theirs, peer), CancellationToken.None));
        return ValueTask.FromResult<PeerStream>(ours);
    }

    /// <summary>The first three peers lie, each in its own way.</summary>
    private async Task ServeAsync(PipeStream stream, PeerId peer)
    {
        byte[] right = new byte[DatasetProtocol.MaxChunkSize];
        byte[] wrong = [.. Enumerable.Repeat((byte)1, DatasetProtocol.MaxChunkSize)];
        await using (stream)
        {
            while (await Frames.ReadAsync(stream, DatasetProtocol.Requests, DatasetProtocol.MaxRequestSize, _stop.Token) is DatasetRequest request)
            {
                for (uint chunk = request.FirstChunk; chunk < request.FirstChunk + request.ChunkCount; chunk++)
                {
                    DatasetChunk answer = new() { Index = chunk, Items = UnsafeByteOperations.UnsafeWrap(peer.Equals(Peer(1)) ? wrong : right) };
                    if (peer.Equals(Peer(2)))
                        answer.Index++;
                    if (peer.Equals(Peer(3)))
                        answer.Items = ByteString.CopyFrom(0);
                    await Frames.WriteAsync(stream, answer, _stop.Token);
                }
            }
            await stream.CloseWriteAsync(_stop.Token);
        }
    }

    /// <summary>Lets the swarm look for hosts again and again.</summary>
    private Task UntilAsync(Func<bool> condition, string what) => Wait.UntilAsync(
        () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            lock (_lock)
                return condition();
        },
        what);

    private void Note(List<PeerId> list, PeerId peer)
    {
        lock (_lock)
            list.Add(peer);
    }

    private static PeerId Peer(int number) => PeerId.FromEd25519([(byte)number, .. new byte[31]]);

    /// <summary>Where nothing is written, there are zeros.</summary>
    private sealed class ZeroCache : IRandomXCache
    {
        public ReadOnlySpan<byte> Key => new byte[Hash256.Size];

        public PageKind PageKind => PageKind.Normal;

        public void WriteItems(RandomXDataset dataset, int firstItem, int itemCount)
        {
        }

        public void Dispose()
        {
        }
    }
}

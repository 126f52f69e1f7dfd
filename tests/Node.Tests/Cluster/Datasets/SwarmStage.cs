using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
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

/// <summary>What a host sends for one request on its stream number <paramref name="visit"/>, from 1 on; false ends the stream.</summary>
internal delegate Task<bool> HostAnswer(PeerId peer, int visit, PipeStream stream, DatasetRequest request);

/// <summary>A swarm, hosts that do as a test says, and datasets that are all zeros, which is what honest hosts send.</summary>
internal sealed class SwarmStage : IDisposable
{
    private static readonly byte[] Zeros = new byte[DatasetProtocol.MaxChunkSize];

    private readonly HostAnswer _answer;
    private readonly DatasetSwarm _swarm;
    private readonly Lock _lock = new();
    private readonly List<PeerId> _asked = [];
    private readonly List<PeerId> _banned = [];
    private readonly List<(PeerId Peer, PipeStream Ours)> _streams = [];
    private readonly List<Task> _served = [];
    private readonly List<RandomXDataset> _datasets = [];
    private readonly CancellationTokenSource _stop = new();
    private volatile PeerId[] _hosts = [];

    public SwarmStage(Predicate<PeerId> isProven, HostAnswer answer)
    {
        _answer = answer;
        Conduct = new Conduct(Time, NullLogger.Instance);
        Conduct.Banned += peer => Note(_banned, peer);
        _swarm = new DatasetSwarm(
            _ => [.. _hosts.Where(Conduct.IsWelcome)], Open, isProven, Conduct, Time, NullLogger.Instance);
    }

    public ManualTime Time { get; } = new(DateTimeOffset.UnixEpoch);

    public Conduct Conduct { get; }

    /// <summary>Ends all that hosts wait for.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Who was asked, in order, once for each stream.</summary>
    public IReadOnlyList<PeerId> Asked => Copy(_asked);

    public IReadOnlyList<PeerId> Banned => Copy(_banned);

    public static PeerId Peer(int number) => PeerId.FromEd25519([(byte)number, .. new byte[31]]);

    public static DatasetChunk Right(uint chunk) => new() { Index = chunk, Items = UnsafeByteOperations.UnsafeWrap(Zeros) };

    /// <summary>Who hosts all datasets now.</summary>
    public void Host(params PeerId[] hosts) => _hosts = hosts;

    /// <summary>Streams to a host that are open.</summary>
    public int Open(PeerId peer)
    {
        lock (_lock)
            return _streams.Count(stream => stream.Peer.Equals(peer) && !stream.Ours.IsDisposed);
    }

    public Task Supply(ChunkQueue queue)
    {
        RandomXDataset dataset = RandomXDataset.AllocateOwn(PagePreference.Normal, queue.Items);
        _datasets.Add(dataset);
        Random random = new(1);
        ChunkCheck check = new(dataset, new ZeroCache(), random.NextBytes);
        return _swarm.SupplyAsync(new ChunkIntake(Hash256.Zero, dataset, queue, check, Time), _stop.Token);
    }

    /// <summary>Lets the swarm look for hosts again and again, a second each time.</summary>
    public Task UntilAsync(Func<bool> condition, string what) => Wait.UntilAsync(
        () =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return condition();
        },
        what);

    public async Task StopAsync(params Task[] supplies)
    {
        await _stop.CancelAsync();
        await Task.WhenAll([.. supplies, .. _served]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(supplies.Select(supply => supply.IsCanceled), Is.All.True);
    }

    public void Dispose()
    {
        foreach (RandomXDataset dataset in _datasets)
            dataset.Dispose();
        _stop.Dispose();
    }

    private ValueTask<PeerStream> Open(PeerId peer, CancellationToken cancellation)
    {
        (PipeStream ours, PipeStream theirs) = PipeStream.Open(Peer(0), peer);
        lock (_lock)
        {
            _asked.Add(peer);
            _streams.Add((peer, ours));
            int visit = _asked.Count(peer.Equals);
            _served.Add(Task.Run(() => ServeAsync(theirs, peer, visit), CancellationToken.None));
        }
        return ValueTask.FromResult<PeerStream>(ours);
    }

    private async Task ServeAsync(PipeStream stream, PeerId peer, int visit)
    {
        await using (stream)
        {
            while (await Frames.ReadAsync(stream, DatasetProtocol.Requests, DatasetProtocol.MaxRequestSize, _stop.Token) is DatasetRequest request
                && await _answer(peer, visit, stream, request))
            {
            }
            await stream.CloseWriteAsync(_stop.Token);
        }
    }

    private void Note(List<PeerId> list, PeerId peer)
    {
        lock (_lock)
            list.Add(peer);
    }

    private IReadOnlyList<PeerId> Copy(List<PeerId> list)
    {
        lock (_lock)
            return [.. list];
    }

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

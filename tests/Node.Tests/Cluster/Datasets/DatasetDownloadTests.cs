using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster.Datasets;

/// <summary>Whom a swarm asks, of more hosts than it asks at a time.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DatasetDownloadTests : IDisposable
{
    private static readonly TimeSpan Fast = TimeSpan.FromSeconds(1), Slow = TimeSpan.FromSeconds(20);

    private readonly SwarmStage _stage;
    private readonly Dictionary<PeerId, TimeSpan> _pace = [];
    private Predicate<PeerId> _isProven = _ => false;

    // Far more chunks than come within a test.
    private readonly ChunkQueue _queue = new(1000 * DatasetWorkers.ChunkItems);

    public DatasetDownloadTests() => _stage = new SwarmStage(peer => _isProven(peer), AnswerAsync);

    public void Dispose() => _stage.Dispose();

    [Test]
    public async Task SlowHosts_DoNotKeepFasterOnesOut()
    {
        PeerId[] slow = Peers(1, 8, Slow);
        PeerId[] fast = Peers(11, 2, Fast);

        // Who has proved himself comes first, so that the slow ones have all places.
        _isProven = slow.Contains;
        _stage.Host([.. slow, .. fast]);
        Task supply = _stage.Supply(_queue);
        await _stage.UntilAsync(
            () => fast.All(peer => _stage.Open(peer) == 1) && slow.Sum(_stage.Open) <= DatasetDownload.MaxHosts - 1, "the fast ones have places");
        Assert.That(_stage.Banned, Is.Empty);
        await _stage.StopAsync(supply);
    }

    [Test]
    public async Task HostThatProvesSlow_GoesWhenOthersWait_AndStaysWhenNobodyDoes()
    {
        PeerId slow = Peers(1, 1, Slow).Single();
        PeerId[] fast = Peers(11, 4, Fast);
        _stage.Host(slow);
        Task supply = _stage.Supply(_queue);
        await _stage.UntilAsync(() => _queue.RemoteItems >= 2 * DatasetWorkers.ChunkItems, "the slow one sent chunks");
        Assert.That(_stage.Asked, Has.Count.EqualTo(1));
        _stage.Host([slow, .. fast]);
        await _stage.UntilAsync(() => fast.All(peer => _stage.Open(peer) == 1) && _stage.Open(slow) == 0, "the fast ones have all places");
        await _stage.StopAsync(supply);
    }

    [Test]
    public async Task NoMoreThanFiveAreAskedAtATime()
    {
        PeerId[] hosts = Peers(1, 12, Fast);
        int most = 0;
        _stage.Host(hosts);
        Task supply = _stage.Supply(_queue);
        await _stage.UntilAsync(
            () =>
            {
                most = Math.Max(most, hosts.Sum(_stage.Open));
                return hosts.All(_stage.Asked.Contains);
            },
            "each had its turn");
        Assert.That(most, Is.EqualTo(DatasetDownload.MaxHosts + 1));
        await _stage.StopAsync(supply);
    }

    private PeerId[] Peers(int first, int count, TimeSpan pace)
    {
        PeerId[] peers = [.. Enumerable.Range(first, count).Select(SwarmStage.Peer)];
        foreach (PeerId peer in peers)
            _pace[peer] = pace;
        return peers;
    }

    private async Task<bool> AnswerAsync(PeerId peer, int visit, PipeStream stream, DatasetRequest request)
    {
        for (uint chunk = request.FirstChunk; chunk < request.FirstChunk + request.ChunkCount; chunk++)
        {
            await Task.Delay(_pace[peer], _stage.Time, _stage.Stop);
            await Frames.WriteAsync(stream, SwarmStage.Right(chunk), _stage.Stop);
        }
        return true;
    }
}

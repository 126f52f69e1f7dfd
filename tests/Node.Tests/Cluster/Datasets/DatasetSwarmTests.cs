using Google.Protobuf;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Datasets;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster.Datasets;

/// <summary>What becomes of those who lie to a swarm, and of what they sent.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DatasetSwarmTests : IDisposable
{
    private static readonly byte[] Wrong = [.. Enumerable.Repeat((byte)1, DatasetProtocol.MaxChunkSize)];

    private static readonly PeerId Liar = SwarmStage.Peer(1), Stranger = SwarmStage.Peer(8), Proven = SwarmStage.Peer(9);

    /// <summary>The ways to be caught.</summary>
    private static readonly Dictionary<string, Func<uint, DatasetChunk>> Lies = new()
    {
        ["wrong items"] = chunk => new DatasetChunk { Index = chunk, Items = UnsafeByteOperations.UnsafeWrap(Wrong) },
        ["wrong index"] = chunk => SwarmStage.Right(chunk + 1),
        ["wrong size"] = chunk => new DatasetChunk { Index = chunk, Items = ByteString.CopyFrom(0) },
    };

    private readonly SwarmStage _stage;
    private readonly ChunkQueue _queue = new(8 * DatasetWorkers.ChunkItems);
    private HostAnswer _answer = (_, _, _, _) => Task.FromResult(false);

    public DatasetSwarmTests() => _stage = new SwarmStage(Proven.Equals, (peer, visit, stream, request) => _answer(peer, visit, stream, request));

    public void Dispose() => _stage.Dispose();

    [Test]
    public async Task AfterThreeLiars_OnlyMembersWhoHaveProvedThemselvesAreAsked_ForTheRestOfTheDataset()
    {
        string[] lies = ["wrong items", "wrong index", "wrong size"];
        _answer = (peer, _, stream, request) => SendAsync(
            stream, request, lies.Index().FirstOrDefault(lie => SwarmStage.Peer(lie.Index + 1).Equals(peer)).Item is string lie ? Lies[lie] : SwarmStage.Right);
        Task supply = _stage.Supply(_queue);
        for (int liar = 1; liar <= 3; liar++)
        {
            _stage.Host(SwarmStage.Peer(liar));
            await _stage.UntilAsync(() => _stage.Banned.Count == liar, $"liar {liar} is shut out");
        }

        // All that may help are asked in one go.
        _stage.Host(Stranger, Proven);
        await _stage.UntilAsync(() => _queue.IsDone, "the dataset is there");
        Assert.That(_stage.Asked, Is.EqualTo(new[] { SwarmStage.Peer(1), SwarmStage.Peer(2), SwarmStage.Peer(3), Proven }));
        Assert.That(_stage.Banned, Has.Count.EqualTo(3));

        _stage.Host();
        ChunkQueue next = new(_queue.Items);
        Task nextSupply = _stage.Supply(next);
        _stage.Host(Stranger);
        await _stage.UntilAsync(() => next.IsDone, "the next dataset is there, from a stranger");
        Assert.That(_stage.Asked[^1], Is.EqualTo(Stranger));
        await _stage.StopAsync(supply, nextSupply);
    }

    [TestCase("wrong items")]
    [TestCase("wrong index")]
    [TestCase("wrong size")]
    public async Task LiarWhoIsCaughtOnALaterStream_LosesWhatItSentOnEarlierOnes(string lie)
    {
        int before = 0;
        _answer = async (_, visit, stream, request) =>
        {
            before = visit == 3 ? _queue.RemoteItems : 0;
            await SendAsync(stream, request, visit == 3 ? Lies[lie] : SwarmStage.Right);
            return false;
        };
        _stage.Host(Liar);
        Task supply = _stage.Supply(_queue);
        await _stage.UntilAsync(() => _stage.Banned.Count == 1, "the liar is shut out");
        Assert.That(before, Is.GreaterThanOrEqualTo(2 * DatasetWorkers.ChunkItems));
        await _stage.UntilAsync(() => _queue.FreeChunks == _queue.Chunks, "nothing of it is kept");
        Assert.That(_queue.RemoteItems, Is.Zero);
        await _stage.StopAsync(supply);
    }

    [Test]
    public async Task HostThatIsShutOutForSomethingElse_LosesWhatItSent_AndIsAskedNoMore()
    {
        _answer = async (_, visit, stream, request) => visit < 3 && await SendAsync(stream, request, SwarmStage.Right) && false;
        _stage.Host(Liar);
        Task supply = _stage.Supply(_queue);
        await _stage.UntilAsync(() => _stage.Asked.Count == 3, "it sent two runs");
        Assert.That(_queue.RemoteItems, Is.Positive);
        _stage.Conduct.Ban(Liar, "its links lack work");
        Assert.That(_queue.RemoteItems, Is.Zero);
        await _stage.UntilAsync(() => _stage.Conduct.IsWelcome(Liar), "it is welcome again");
        _stage.Host(Liar, Stranger);
        _answer = (_, _, stream, request) => SendAsync(stream, request, SwarmStage.Right);
        await _stage.UntilAsync(() => _queue.IsDone, "another one sends the dataset");
        Assert.That(_stage.Asked.Skip(3), Is.All.EqualTo(Stranger));
        await _stage.StopAsync(supply);
    }

    [Test]
    public async Task Host_IsToldWhatComesNext_BeforeItHasSentAnything()
    {
        DatasetRequest? next = null;
        _answer = async (_, _, stream, request) =>
        {
            if (next is not null)
                return await SendAsync(stream, request, SwarmStage.Right);
            next = await Frames.ReadAsync(stream, DatasetProtocol.Requests, DatasetProtocol.MaxRequestSize, _stage.Stop);
            return await SendAsync(stream, request, SwarmStage.Right) && await SendAsync(stream, next!, SwarmStage.Right);
        };
        _stage.Host(Stranger);
        Task supply = _stage.Supply(_queue);
        await _stage.UntilAsync(() => _queue.IsDone, "the dataset is there");
        Assert.That(_stage.Asked, Has.Count.EqualTo(1));
        await _stage.StopAsync(supply);
    }

    private async Task<bool> SendAsync(PipeStream stream, DatasetRequest request, Func<uint, DatasetChunk> content)
    {
        for (uint chunk = request.FirstChunk; chunk < request.FirstChunk + request.ChunkCount; chunk++)
            await Frames.WriteAsync(stream, content(chunk), _stage.Stop);
        return true;
    }
}

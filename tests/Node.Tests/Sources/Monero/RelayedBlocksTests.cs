using System.Collections.Concurrent;
using P2PMiner.Mining;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>Blocks of other nodes in the outbox.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RelayedBlocksTests : IDisposable
{
    /// <summary>As many as are kept at once.</summary>
    private const int Full = 256;

    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly Others _others = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>monerod says OK to a block whose parent it does not know.</summary>
    [Test]
    public async Task Blocks_ThatTheDaemonNeitherTakesNorRefuses_StandInNobodysWay()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        BlockOutbox outbox = Outbox(client);
        await Task.WhenAll(Enumerable.Range(0, Full).Select(nonce => outbox.RelayAsync(Block((uint)nonce), CancellationToken.None)));
        FoundBlock real = Block(Full);
        daemon.Chain.Know(real.Id, real.Height);
        Assert.That((await outbox.RelayAsync(real, CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Accepted));
        Assert.That(outbox.Counters, Is.EqualTo(new BlockCounters(0, 0, 0, Relayed: Full + 1)));
    }

    [Test]
    public async Task Block_IsTriedAgain_ForTenMinutes()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        BlockOutbox outbox = Outbox(client);
        FoundBlock block = Block(1);
        Assert.That((await outbox.RelayAsync(block, CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Pending));
        Assert.That((await outbox.RelayAsync(block, CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Pending));
        Assert.That(Count(daemon), Is.EqualTo(1), "it is being seen to");
        DateTimeOffset start = _time.GetUtcNow();
        await RunAsync(outbox, async () =>
        {
            await PassUntilAsync(() => Count(daemon) > 1);
            await PassUntilAsync(() => Files().Length == 0);
        });
        Assert.That(_time.GetUtcNow() - start, Is.GreaterThan(TimeSpan.FromMinutes(10)));
        Assert.That((await outbox.RelayAsync(block, CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Pending), "its finder may tell it again");
        Assert.That(Files(), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task Block_IsNotTakenForThisNodesOwn_AfterARestart()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        FoundBlock[] blocks = [Block(1), Block(2), Block(3)];
        await Outbox(client).RelayAsync(blocks[0], CancellationToken.None);
        await Outbox(client).RelayAsync(blocks[1], CancellationToken.None);
        await Outbox(client).RelayAsync(blocks[2] with { FoundAt = _time.GetUtcNow().AddHours(-1) }, CancellationToken.None);
        daemon.Chain.Know(blocks[0].Id, blocks[0].Height);
        BlockOutbox again = Outbox(client);
        ConcurrentQueue<(Hash256, BlockVerdict)> decided = [];
        again.Decided += (block, outcome) => decided.Enqueue((block.Id, outcome.Verdict));
        await RunAsync(again, () => Until.TrueAsync(() => Files().Length == 1 && !decided.IsEmpty));
        Assert.That(decided, Is.EqualTo(new[] { (blocks[0].Id, BlockVerdict.Accepted) }));
        Assert.That(again.Counters, Is.EqualTo(new BlockCounters(0, 0, 0)));
        Assert.That(_others.Told, Is.Zero, "only its finder tells the cluster");
    }

    private FoundBlock Block(uint nonce) =>
        SampleTemplate.Job(SampleTemplate.Read(20, Hash256.Zero, Hash256.Zero, 1)).BuildBlock(1, nonce, _time.GetUtcNow());

    private BlockOutbox Outbox(params DaemonClient[] daemons) =>
        new(_directory.File("blocks"), daemons, _time, new RecordingLogger<BlockOutbox>(), _others);

    private string[] Files() => Directory.Exists(_directory.File("blocks")) ? Directory.GetFiles(_directory.File("blocks"), "*.json", SearchOption.AllDirectories) : [];

    private static int Count(FakeDaemon daemon)
    {
        lock (daemon.Chain.Submitted)
            return daemon.Chain.Submitted.Count;
    }

    private Task PassUntilAsync(Func<bool> condition) => Until.TrueAsync(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return condition();
    });

    private static async Task RunAsync(BlockOutbox outbox, Func<Task> body)
    {
        using CancellationTokenSource stop = new();
        Task running = outbox.RunAsync(stop.Token);
        await body();
        await stop.CancelAsync();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
    }

    private sealed class Others : IOtherDaemons
    {
        private int _told;

        public int Told => Volatile.Read(ref _told);

        public Task<BlockOutcome?> OfferAsync(FoundBlock block, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _told);
            return Task.FromResult<BlockOutcome?>(null);
        }

        public bool HasSilent(Hash256 block) => false;
    }
}

using P2PMiner.Mining;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>What members say of their daemons, which may be a lie.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HearsayTests : IDisposable
{
    private static readonly BlockOutcome Claim = new(BlockVerdict.Accepted, "the daemon of a member", IsHearsay: true);
    private static readonly BlockOutcome Denial = new(BlockVerdict.Rejected, "a member", IsHearsay: true);

    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly Others _others = new();

    public void Dispose() => _directory.Dispose();

    [Test]
    public async Task ClaimedBlock_IsTold_ToEachMemberThatComesLater_ButNotForEver()
    {
        BlockOutbox outbox = Outbox();
        Assert.That((await outbox.SubmitAsync(Block(), CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Accepted));
        Assert.That(outbox.Counters.Accepted, Is.EqualTo(1));
        Assert.That((Open(), Unconfirmed()), Is.EqualTo((0, 1)), "it is on disk still");
        using CancellationTokenSource stop = new();
        Task running = outbox.RunAsync(stop.Token);
        Pass(TimeSpan.FromMinutes(1));
        Assert.That(_others.Told, Is.EqualTo(1), "all have answered");

        _others.Silent = true;
        await UntilAsync(() => _others.Told > 1);
        _others.Silent = false;
        await UntilAsync(() => Unconfirmed() == 0);
        Assert.That(outbox.Counters, Is.EqualTo(new BlockCounters(1, 1, 0)), "it counts once");
        await stop.CancelAsync();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task DeniedBlock_IsToldToWhoComesLater_Too()
    {
        _others.Outcome = Denial;
        Assert.That((await Outbox().SubmitAsync(Block(), CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Rejected));
        Assert.That(Unconfirmed(), Is.EqualTo(1));
    }

    [Test]
    public async Task ClaimedBlock_IsTold_AfterARestart()
    {
        await Outbox().SubmitAsync(Block(), CancellationToken.None);
        _others.Silent = true;
        using CancellationTokenSource stop = new();
        Task running = Outbox().RunAsync(stop.Token);
        await UntilAsync(() => _others.Told > 1);
        await stop.CancelAsync();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
    }

    /// <summary>Whoever has a daemon believes nobody else.</summary>
    [Test]
    public async Task OwnDaemonThatIsAway_IsWaitedFor_WhateverMembersClaim()
    {
        FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        await daemon.DisposeAsync();
        BlockOutbox outbox = Outbox(client);
        Assert.That((await outbox.SubmitAsync(Block(), CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Pending));
        Assert.That(Open(), Is.EqualTo(1));
        Assert.That(_others.Told, Is.EqualTo(1), "they are told all the same");
    }

    [Test]
    public async Task OwnDaemonThatRefuses_HasTheLastWord_WhenTheBlockIsOld()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Chain.OnSubmit = _ => (-7, "Block not accepted");
        using DaemonClient client = daemon.Client();
        BlockOutbox outbox = Outbox(client);
        FoundBlock block = Block();
        Assert.That((await outbox.SubmitAsync(block, CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Pending), "the chains may not agree yet");
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.That((await outbox.SubmitAsync(block, CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Rejected));
    }

    private FoundBlock Block() => SampleTemplate.Job(SampleTemplate.Read(20, Hash256.Zero, Hash256.Zero, 1)).BuildBlock(1, 2, _time.GetUtcNow());

    private BlockOutbox Outbox(params DaemonClient[] daemons) =>
        new(_directory.File("blocks"), daemons, _time, new RecordingLogger<BlockOutbox>(), _others);

    private void Pass(TimeSpan span)
    {
        for (TimeSpan passed = TimeSpan.Zero; passed < span; passed += UnconfirmedBlocks.Look)
            _time.Advance(UnconfirmedBlocks.Look);
    }

    /// <summary>The node runs on other threads, so that time has to pass until it has seen it pass.</summary>
    private Task UntilAsync(Func<bool> condition) => Until.TrueAsync(() =>
    {
        _time.Advance(UnconfirmedBlocks.Look);
        return condition();
    });

    private int Open() => Count("blocks");

    private int Unconfirmed() => Count(Path.Combine("blocks", "unconfirmed"));

    private int Count(string folder) => Directory.Exists(_directory.File(folder)) ? Directory.GetFiles(_directory.File(folder)).Length : 0;

    private sealed class Others : IOtherDaemons
    {
        private int _told;

        public int Told => Volatile.Read(ref _told);

        public BlockOutcome Outcome { get; set; } = Claim;

        public volatile bool Silent;

        public Task<BlockOutcome?> OfferAsync(FoundBlock block, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _told);
            return Task.FromResult<BlockOutcome?>(Outcome);
        }

        public bool HasSilent(Hash256 block) => Silent;
    }
}

using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Cluster.Chain;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>What catching up with strangers may cost. Hosts on loopback, and a clock that stands still for all that is counted.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ChainSyncTests : IAsyncDisposable
{
    /// <summary>What strangers have at once, in proofs.</summary>
    private const int Proofs = 100;

    private readonly ManualTime _time = new(DateTimeOffset.FromUnixTimeSeconds((long)Genesis.Timestamp + 1_000_000));
    private readonly ShareTree _tree = TestChain.NewTree();
    private readonly StrangerTime _strangers;
    private readonly ChainSync _sync;
    private readonly TaskCompletionSource<PeerId> _banned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Host> _hosts = [];
    private readonly List<PeerId> _asked = [];
    private readonly RecordingLogger<ChainSync> _log = new();
    private Func<Share, Proof> _prove = _ => Proof.Valid;
    private Hash256? _unfilled;
    private Task _running = Task.CompletedTask;
    private Host _self = null!;

    public ChainSyncTests()
    {
        _strangers = new StrangerTime(new Standing(), processors: 1, () => StrangerTime.Burst / Proofs, _time, key => key == _unfilled);
        Conduct conduct = new(_time, NullLogger.Instance);
        conduct.Banned += peer => _banned.TrySetResult(peer);
        _sync = new ChainSync(_tree, new MemberView(_time), (share, _) => Task.FromResult(_prove(share)), conduct, _strangers, _time, _log);
    }

    [SetUp]
    public async Task Start()
    {
        _self = await HostAsync(null);
        _running = _sync.RunAsync(_self, _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (Host host in _hosts)
            await host.DisposeAsync();
        _stop.Dispose();
    }

    [TestCase(1, 1)]
    [TestCase(8, 8)]
    [TestCase(10, 6)]
    [TestCase(500, 12)]
    public async Task LinkWithoutWork_CostsStrangersTheProofsInVain_NotThoseOfLinksThatWereTaken(int wrong, int inVain)
    {
        ShareTree theirs = TestChain.NewTree();
        TestChain.Grow(theirs, 600);
        _prove = share => share.Header.Height == (ulong)wrong ? Proof.Invalid : Proof.Valid;
        await AskUntilBannedAsync(theirs);
        Assert.That(_tree.Tip.Height, Is.EqualTo((ulong)wrong - 1));
        Assert.That(ProofsLeft(), Is.EqualTo(Proofs - inVain));
    }

    [Test]
    public async Task LinksThatAreHereAlready_PayForNoneWithoutWork()
    {
        TestChain.Grow(_tree, ChainProtocol.MaxLinks);
        ShareTree theirs = TestChain.NewTree();
        TestChain.Grow(theirs, ChainProtocol.MaxLinks + 1);
        ChainServer server = new(theirs, _ => true, TimeProvider.System);
        _prove = _ => Proof.Invalid;
        ulong height = 1;
        Host other = await HostAsync(host => host.Handle(ChainProtocol.Id, async (stream, cancellation) =>
        {
            while (await Frames.ReadAsync(stream, ChainProtocol.Requests, ChainProtocol.MaxRequestSize, cancellation) is not null)
            {
                await Frames.WriteAsync(stream, server.Answer(new ChainRequest { AtHeight = new AtHeight { Height = height } }), cancellation);
                height += ChainProtocol.MaxLinks;
            }
        }));
        await _self.DialAsync(other.Addresses[0]);
        _sync.Ask(other.Id);
        Assert.That(await _banned.Task.WaitAsync(TimeSpan.FromMinutes(1)), Is.EqualTo(other.Id));
        Assert.That(ProofsLeft(), Is.EqualTo(Proofs - 1));
    }

    [Test]
    public async Task ChainWithAForgottenBeginning_IsChargedToo()
    {
        ShareHeader header = TestChain.ChildHeader(_tree.Tip) with { Height = SeedHeight.EpochLength, CumulativeDifficulty = UInt128.One << 100 };
        ShareTree theirs = _tree.Beside(new Link(Share.Embedded(header, 0), childKey: _tree.GenesisId, childDifficulty: LinkDifficulty.Minimum))!;
        TestChain.Grow(theirs, 20);
        _prove = share => share.Header.Height == SeedHeight.EpochLength + 4 ? Proof.Invalid : Proof.Valid;
        await AskUntilBannedAsync(theirs);
        Assert.That(ProofsLeft(), Is.EqualTo(Proofs - 7), "three that came to nothing, and four that were hashed together, the first of them without work");
    }

    [Test]
    public async Task LinksOfAMemberWhoHasProvedHimself_CostStrangersNothing()
    {
        ShareTree theirs = TestChain.NewTree();
        TestChain.Grow(theirs, 20);
        _prove = _ => Proof.Invalid;
        Host other = await ServeAsync(theirs);
        _strangers.Standing.Prove(other.Id);
        _sync.Ask(other.Id);
        Assert.That(await _banned.Task.WaitAsync(TimeSpan.FromMinutes(1)), Is.EqualTo(other.Id));
        Assert.That(ProofsLeft(), Is.EqualTo(Proofs));
    }

    [Test]
    public async Task Strangers_AreNotAskedWhenTheyHaveNoTimeLeft()
    {
        ShareTree theirs = TestChain.NewTree();
        TestChain.Grow(theirs, 20);
        Host stranger = await ServeAsync(theirs);
        Host proven = await ServeAsync(theirs);
        _strangers.SpendProofs(stranger.Id, Proofs);
        _strangers.Standing.Prove(proven.Id);
        _sync.Ask(stranger.Id);
        _sync.Ask(proven.Id);
        await Wait.UntilAsync(() => _tree.Tip.Height == 20, "caught up");
        Assert.That(_asked, Is.EqualTo(new[] { proven.Id }));
    }

    [Test]
    public async Task ChainUnderAnUnknownKey_IsToldOfOnce_AndHeldAgainstNobody()
    {
        Hash256 key = Hash256.Parse(new string('d', 64));
        ShareTree theirs = new(Genesis.Of("test"), (_, _) => Hash256.Zero, named => named == key);
        TestChain.Grow(theirs, 3);
        Share block = TestChain.MoneroShare(TestChain.ChildHeader(theirs.Tip) with { Key = key });
        Assert.That(theirs.Add(block, block.Header.Timestamp).Status, Is.EqualTo(AddStatus.NewTip));
        for (int i = 0; i < 4; i++)
            _sync.Ask((await ServeAsync(theirs)).Id);
        await Wait.UntilAsync(() => AskedCount == 4, "all are asked, and three of them have answered");
        string[] told = [.. _log.Lines.Where(line => line.Level == LogLevel.Warning).Select(line => line.Text)];
        Assert.That(told, Has.Length.EqualTo(1));
        Assert.That(told[0], Does.Contain("beyond link 3").And.Contains(key.ToString()));
        Assert.That(_banned.Task.IsCompleted, Is.False);
    }

    [Test]
    public async Task KeyWithoutACache_IsOneOfThoseThatAreFilledForStrangers()
    {
        ShareTree theirs = TestChain.NewTree();
        TestChain.Grow(theirs, 20);
        Host stranger = await ServeAsync(theirs);
        _unfilled = _tree.Tip.ChildKey;
        _sync.Ask(stranger.Id);
        await Wait.UntilAsync(() => _tree.Tip.Height == 20, "caught up");
        int more = 0;
        for (byte i = 1; i <= 10; i++)
        {
            Hash256 key = new([.. Enumerable.Repeat(i, Hash256.Size)]);
            _unfilled = key;
            more += _strangers.TryTakeCache(stranger.Id, key) ? 1 : 0;
        }
        Assert.That(more, Is.EqualTo(StrangerTime.Caches - 1));
    }

    private int AskedCount
    {
        get
        {
            lock (_asked)
                return _asked.Count;
        }
    }

    /// <summary>He gives the same page for ever: what is here already, or a beginning of his own making that is its own child.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public async Task PageThatBringsNothing_EndsIt_AndTheNextOneIsAsked(bool isRoot)
    {
        TestChain.Grow(_tree, 10);
        Share root = Share.Embedded(TestChain.ChildHeader(_tree.Tip) with { Height = SeedHeight.EpochLength, CumulativeDifficulty = UInt128.One << 100 }, 0);
        int requests = 0;
        Host liar = await AnswerAsync(_ =>
        {
            Interlocked.Increment(ref requests);
            ChainPage page = new() { Tip = ChainProtocol.EndOf(_tree.Tip), Shares = { ByteString.CopyFrom(ShareCodec.Encode(isRoot ? root : _tree.AtHeight(1)!.Share)) } };
            if (isRoot && requests == 1)
                page.Root = OldChain.RootOf(new Link(root, _tree.GenesisId, LinkDifficulty.Minimum));
            return page;
        });
        ShareTree theirs = TestChain.NewTree();
        TestChain.Grow(theirs, 20);
        Host honest = await ServeAsync(theirs);
        _sync.Ask(liar.Id);
        _sync.Ask(honest.Id);
        await Wait.UntilAsync(() => _tree.Tip.Height == 20, "caught up");
        Assert.That(requests, Is.EqualTo(1));
        if (isRoot)
            Assert.That(await _banned.Task.WaitAsync(TimeSpan.FromMinutes(1)), Is.EqualTo(liar.Id));
    }

    /// <summary>The locator is sparse, and an earlier session may have been interrupted: what is known does not end it as long as it leads on.</summary>
    [Test]
    public async Task FullPagesOfLinksThatAreHereAlready_DoNotEndIt()
    {
        ShareTree theirs = TestChain.NewTree();
        TestChain.Grow(theirs, 900, solveSeconds: 5);
        foreach (int height in Enumerable.Range(1, 700))
            _tree.AddVerified(theirs.AtHeight((ulong)height)!.Share, (ulong)_time.GetUtcNow().ToUnixTimeSeconds());
        Link fork = _tree.AtHeight(20)!;
        for (int i = 0; i < 695; i++)
            fork = TestChain.Extend(_tree, fork, solveSeconds: 4);
        Assert.That(_tree.Tip.Id, Is.EqualTo(fork.Id), "our own branch is the heavier one");
        Host other = await ServeAsync(theirs);
        _sync.Ask(other.Id);
        await Wait.UntilAsync(() => _tree.TryGet(theirs.Tip.Id, out _), "caught up");
    }

    [Test]
    public async Task PeerWhoDoesNotAnswer_HoldsUpNobody()
    {
        ShareTree theirs = TestChain.NewTree();
        TestChain.Grow(theirs, 20);
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Host silent = await HostAsync(host => host.Handle(ChainProtocol.Id, async (_, cancellation) =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        }));
        await _self.DialAsync(silent.Addresses[0]);
        Host honest = await ServeAsync(theirs);
        _sync.Ask(silent.Id);
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(1));
        _sync.Ask(honest.Id);
        TimeSpan passed = TimeSpan.Zero;
        await Wait.UntilAsync(
            () =>
            {
                // Not until the silent one is given up.
                if (passed < ChainClient.AnswerTimeout / 2)
                    _time.Advance(TimeSpan.FromSeconds(0.1));
                passed += TimeSpan.FromSeconds(0.1);
                return _tree.Tip.Height == 20;
            },
            "caught up with the other one");
    }

    private async Task AskUntilBannedAsync(ShareTree theirs)
    {
        Host other = await ServeAsync(theirs);
        _sync.Ask(other.Id);
        Assert.That(await _banned.Task.WaitAsync(TimeSpan.FromMinutes(1)), Is.EqualTo(other.Id));
    }

    private int ProofsLeft()
    {
        PeerId anybody = PeerId.FromEd25519(new byte[32]);
        int left = 0;
        while (_strangers.TryTakeProof(anybody))
            left++;
        return left;
    }

    /// <summary>A host that gives a chain, connected with ours.</summary>
    private async Task<Host> ServeAsync(ShareTree chain)
    {
        ChainServer server = new(chain, _ => true, TimeProvider.System);
        Host host = await HostAsync(host => host.Handle(ChainProtocol.Id, (stream, cancellation) =>
        {
            lock (_asked)
                _asked.Add(host.Id);
            return server.ServeAsync(stream, cancellation);
        }));
        await _self.DialAsync(host.Addresses[0]);
        return host;
    }

    /// <summary>A host that answers as it is told, connected with ours.</summary>
    private async Task<Host> AnswerAsync(Func<ChainRequest, ChainPage> answer)
    {
        Host other = await HostAsync(host => host.Handle(ChainProtocol.Id, async (stream, cancellation) =>
        {
            while (await Frames.ReadAsync(stream, ChainProtocol.Requests, ChainProtocol.MaxRequestSize, cancellation) is { } request)
                await Frames.WriteAsync(stream, answer(request), cancellation);
        }));
        await _self.DialAsync(other.Addresses[0]);
        return other;
    }

    private async Task<Host> HostAsync(Action<Host>? configure)
    {
        byte[] seed = new byte[Ed25519KeyPair.SeedSize];
        seed[0] = (byte)(_hosts.Count + 1);
        HostOptions options = new() { Key = Ed25519KeyPair.FromSeed(seed), Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] };
        Host host = await Host.StartAsync(options, configure ?? (static _ => { }), NullLoggerFactory.Instance);
        _hosts.Add(host);
        return host;
    }
}

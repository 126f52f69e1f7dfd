using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Jobs;

public sealed class JobBoardTests
{
    private const string Wallet = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);
    private static readonly PeerId Self = PeerId.FromEd25519(new byte[32]);
    private static readonly Hash256 Key = Hash256.Parse(new string('a', 64));

    private ManualTime _time = null!;
    private ShareTree _tree = null!;
    private ChainSource _chain = null!;
    private ForeignJobs _foreign = null!;
    private CancellationTokenSource _stop = null!;
    private readonly List<Job> _published = [];

    [SetUp]
    public void MakeChain()
    {
        _published.Clear();
        _stop = new CancellationTokenSource(Deadline);
        _time = new ManualTime(DateTimeOffset.UnixEpoch.AddYears(56));
        _foreign = new ForeignJobs();
        _tree = new ShareTree(Genesis.Of("test"), (_, _) => Hash256.Zero, _ => false);
        _chain = new ChainSource(_tree, new MinerId(Self.Bytes), _time);
    }

    [TearDown]
    public void Stop() => _stop.Dispose();

    [Test]
    public async Task Board_WithoutDaemonsPublishesTheChainsJobAtOnce_AndAnewWithTime()
    {
        Task board = Run(daemons: null);
        await UntilPublished(1);
        _time.Advance(ChainSource.RefreshInterval);
        await UntilPublished(2);

        Job[] jobs = Published();
        Assert.That(jobs.Select(job => job.Source), Is.All.EqualTo(JobSource.Chain));
        Assert.That(
            ((ChainJob)jobs[1]).Template.Header.Timestamp - ((ChainJob)jobs[0]).Template.Header.Timestamp,
            Is.EqualTo((ulong)ChainSource.RefreshInterval.TotalSeconds));
        await End(board);
    }

    [Test]
    public async Task Board_WhoseDaemonsCannotBeUsedWaitsBeforeItMinesTheChainAlone()
    {
        Assert.That(DaemonEndpoint.TryParse("http://127.0.0.1:1", out DaemonEndpoint? endpoint, out _), Is.True);
        Assert.That(MoneroAddress.TryParse(Wallet, out MoneroAddress? wallet, out _), Is.True);
        using DaemonClient client = new(endpoint!, TimeSpan.FromSeconds(1), TimeProvider.System);
        DaemonSource daemons = new(
            [client], new DaemonSourceOptions { Wallet = wallet! }, TimeProvider.System, NullLogger<DaemonSource>.Instance);
        Task board = Run(daemons);

        for (TimeSpan passed = TimeSpan.Zero; passed < JobBoard.DaemonGrace; passed += ChainSource.RefreshInterval)
        {
            Assert.That(Published(), Is.Empty);
            _time.Advance(ChainSource.RefreshInterval);
            await Task.Delay(20);
        }
        // A busy machine may set the timers only after some of these steps.
        while (Published().Length == 0)
        {
            _time.Advance(ChainSource.RefreshInterval);
            await Task.Delay(5, _stop.Token);
        }

        Assert.That(Published()[0].Source, Is.EqualTo(JobSource.Chain));
        await End(board);
    }

    [Test]
    public async Task Board_MinesTheBlockOfAMember_AndTheNextMembersWhenThatOneIsGone()
    {
        Task board = Run(daemons: null);
        await UntilPublished(1);
        PeerId[] members = [.. Enumerable.Range(1, 3).Select(i => PeerId.FromEd25519([.. Enumerable.Repeat((byte)i, 32)])).Order()];
        foreach (PeerId member in members.Reverse())
            Offer(member, height: 20, number: 1);
        await UntilMining(members[0]);
        Offer(members[2], height: 21, number: 2);
        await UntilMining(members[2]);
        MergedJob job = (MergedJob)Published()[^1];
        Assert.That(job.Height, Is.EqualTo(21));
        Assert.That(job.Share.Header.Miner, Is.EqualTo(new MinerId(Self.Bytes)), "its own links");

        _foreign.Review((peer, _) => peer.Equals(members[2]) ? PublisherState.Silent : PublisherState.Heard);
        await UntilMining(members[0]);
        _foreign.Review((peer, _) => peer.Equals(members[1]) ? PublisherState.Heard : PublisherState.Gone);
        await UntilMining(members[1]);
        await End(board);
    }

    [Test]
    public async Task Board_WhoseMembersLostTheirDaemons_StaysWithTheLastBlockForAWhile()
    {
        Task board = Run(daemons: null);
        PeerId member = PeerId.FromEd25519([.. Enumerable.Repeat((byte)9, 32)]);
        Offer(member, height: 20, number: 1);
        await UntilMining(member);
        _foreign.Review((_, _) => PublisherState.Gone);
        _time.Advance(JobBoard.DaemonGrace / 2);
        int before = Published().Length;
        await UntilPublished(before);
        Assert.That(Published()[^1].Source, Is.EqualTo(JobSource.Daemon));
        while (Published()[^1].Source != JobSource.Chain)
        {
            _time.Advance(ChainSource.RefreshInterval);
            await Task.Delay(5, _stop.Token);
        }
        await End(board);
    }

    private void Offer(PeerId member, ulong height, ulong number)
    {
        DaemonTemplate template = SampleTemplate.Read(height, new FakeChain().IdAt(height - 1), Key, 1000);
        Assert.That(_foreign.Offer(SampleTemplate.Job(template, member), number, 0), Is.True);
    }

    private async Task UntilMining(PeerId publisher)
    {
        while ((Published().LastOrDefault() as MergedJob)?.Block.Publisher?.Equals(publisher) != true)
            await Task.Delay(5, _stop.Token);
    }

    private Task Run(DaemonSource? daemons)
    {
        JobBoard board = new(_chain, daemons, _foreign, _ => { }, _tree, Self, _ => false, new KnownKeys(), _time, NullLogger<JobBoard>.Instance);
        Task chain = _chain.RunAsync(_stop.Token);
        return Task.WhenAll(chain, board.RunAsync(Publish, _stop.Token));
    }

    private void Publish(Job job)
    {
        lock (_published)
            _published.Add(job);
    }

    private Job[] Published()
    {
        lock (_published)
            return [.. _published];
    }

    private async Task UntilPublished(int count)
    {
        while (Published().Length < count)
            await Task.Delay(5, _stop.Token);
    }

    private async Task End(Task board)
    {
        await _stop.CancelAsync();
        Assert.That(async () => await board, Throws.InstanceOf<OperationCanceledException>());
    }
}

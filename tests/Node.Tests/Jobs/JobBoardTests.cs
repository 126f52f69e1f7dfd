using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Jobs;

public sealed class JobBoardTests
{
    private const string Wallet = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);
    private static readonly MinerId Miner = new([1, 2, 3]);

    private ManualTime _time = null!;
    private ShareTree _tree = null!;
    private ChainSource _chain = null!;
    private CancellationTokenSource _stop = null!;
    private readonly List<Job> _published = [];

    [SetUp]
    public void MakeChain()
    {
        _published.Clear();
        _stop = new CancellationTokenSource(Deadline);
        _time = new ManualTime(DateTimeOffset.UnixEpoch.AddYears(56));
        _tree = new ShareTree(Genesis.Of("test"), (_, _) => Hash256.Zero, _ => false);
        _chain = new ChainSource(_tree, Miner, _time);
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

    private Task Run(DaemonSource? daemons)
    {
        JobBoard board = new(_chain, daemons, _tree, Miner, new KnownKeys(), _time, NullLogger<JobBoard>.Instance);
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

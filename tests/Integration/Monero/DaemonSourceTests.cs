using System.Net;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Integration.Tests.Monero;

/// <summary>The source against real daemons.</summary>
[TestFixture]
[Category("Daemon")]
internal sealed class DaemonSourceTests
{
    /// <summary>
    /// monerod gives the template again that it has made last, until the pool changes, and a transaction's relay is no change: it stays
    /// without one that had arrived and was not relayed yet when it was made (0.18, tx_pool.cpp, set_relayed). It makes another one for whoever asks otherwise.
    /// </summary>
    private static readonly TimeSpan OddMoment = TimeSpan.FromSeconds(5);

    /// <summary>For the tests that do not restart it.</summary>
    private MonerodFixture _daemon = null!;

    [OneTimeSetUp]
    public async Task StartDaemon() => _daemon = await MonerodFixture.StartAsync();

    [OneTimeTearDown]
    public ValueTask StopDaemon() => _daemon.DisposeAsync();

    [Test]
    public async Task Job_FollowsTheChain()
    {
        await using var harness = new DaemonHarness(DaemonHarness.Options(), _daemon.Url);
        ulong height = await _daemon.HeightAsync();
        DaemonJob first = await harness.NextJobAsync(_ => true);
        Assert.That((first.Height, first.NetworkDifficulty), Is.EqualTo((height, UInt128.One)));

        Hash256[] blocks = await _daemon.GenerateBlocksAsync(5);
        DaemonJob next = await harness.NextJobAsync(job => job.Height == height + 5);
        Assert.That(next.Template.PreviousId, Is.EqualTo(blocks[^1]));
    }

    [Test]
    public async Task Login_IsByDigest()
    {
        await using MonerodFixture daemon = await MonerodFixture.StartAsync(login: new NetworkCredential("alice", "p@ss:word"));
        string address = daemon.Url["http://".Length..];
        await using (var harness = new DaemonHarness(DaemonHarness.Options(), $"http://alice:p%40ss%3Aword@{address}"))
            Assert.That(async () => await harness.NextJobAsync(_ => true), Throws.Nothing);
        await using (var harness = new DaemonHarness(DaemonHarness.Options(), $"http://alice:wrong@{address}"))
            await harness.UntilAsync(status => status.Daemons[0].Error?.Fault == DaemonFault.Unauthorized);
        await using (var harness = new DaemonHarness(DaemonHarness.Options(), daemon.Url))
            await harness.UntilAsync(status => status.Daemons[0].Error?.Fault == DaemonFault.Unauthorized);
    }

    [Test]
    public async Task RestrictedRpc_IsEnough()
    {
        await using var harness = new DaemonHarness(DaemonHarness.Options(), $"http://127.0.0.1:{_daemon.RestrictedPort}");
        DaemonJob job = await harness.NextJobAsync(_ => true);
        FoundBlock block = job.BuildBlock(1, 2, DateTimeOffset.UnixEpoch);
        BlockOutcome outcome = await BlockSubmission.TryAsync(harness.Clients[0], block, CancellationToken.None);
        Assert.That(outcome.Verdict, Is.EqualTo(BlockVerdict.Accepted), outcome.Reason);
        Assert.That(await _daemon.TopAsync(), Is.EqualTo(block.Id));
    }

    [Test]
    public async Task Zmq_AnnouncesBlocks()
    {
        DaemonSourceOptions options = DaemonHarness.Options() with
        {
            ZmqAddresses = [_daemon.ZmqAddress],
            PollInterval = TimeSpan.FromHours(1),
            QuietPollInterval = TimeSpan.FromHours(1),
        };
        await using var harness = new DaemonHarness(options, _daemon.Url);
        await harness.NextJobAsync(_ => true);

        // A subscription takes a moment to arrive, and what is published before is not repeated.
        await Wait.UntilAsync(
            async () =>
            {
                await _daemon.GenerateBlocksAsync(1);
                return harness.Source.Status.ZmqDelivers;
            },
            () => "ZMQ announces nothing");

        // A busy daemon may show a block so long after its announcement that only the next one makes it known.
        ulong height = await _daemon.HeightAsync();
        Task<DaemonJob> next = harness.NextJobAsync(job => job.Height > height);
        while (!next.IsCompleted)
        {
            await _daemon.GenerateBlocksAsync(1);
            await Task.WhenAny(next, Task.Delay(500));
        }
        Assert.That(async () => await next, Throws.Nothing);
    }

    [Test]
    public async Task Restart_IsSurvived()
    {
        await using MonerodFixture daemon = await MonerodFixture.StartAsync();
        await using var harness = new DaemonHarness(DaemonHarness.Options(), daemon.Url);
        await harness.NextJobAsync(_ => true);

        await daemon.KillAsync();
        await harness.UntilAsync(status => status.Daemons[0].Error?.Fault == DaemonFault.Unreachable && status.Active is null);
        await daemon.StartAgainAsync();
        await daemon.GenerateBlocksAsync(1);
        ulong height = await daemon.HeightAsync();
        Assert.That((await harness.NextJobAsync(job => job.Height == height)).Height, Is.EqualTo(height));
        Assert.That(harness.Source.Status.Active, Is.Not.Null);
    }

    [Test]
    public async Task SecondDaemon_TakesOverAndFirstIsReturnedTo()
    {
        await using MonerodFixture first = await MonerodFixture.StartAsync();
        await using MonerodFixture second = await MonerodFixture.StartAsync();
        await using var harness = new DaemonHarness(DaemonHarness.Options(), first.Url, second.Url);
        await harness.NextJobAsync(_ => true);
        Assert.That(harness.Source.Status.Active?.Name, Is.EqualTo(first.Url));

        await first.KillAsync();
        Hash256 secondTop = (await second.GenerateBlocksAsync(1))[^1];
        await harness.NextJobAsync(job => job.Template.PreviousId == secondTop);
        Assert.That(harness.Source.Status.Active?.Name, Is.EqualTo(second.Url));

        await first.StartAgainAsync();
        await harness.UntilAsync(status => status.Daemons[0].State == DaemonState.Standby);
        Assert.That(harness.Source.Status.Active?.Name, Is.EqualTo(second.Url), "the first is a block behind");
        Hash256 firstTop = (await first.GenerateBlocksAsync(2))[^1];
        await harness.NextJobAsync(job => job.Template.PreviousId == firstTop);
        Assert.That(harness.Source.Status.Active?.Name, Is.EqualTo(first.Url));
    }

    [Test]
    public async Task Template_WithTransactionsIsRebuilt()
    {
        await using WalletRpcFixture wallet = await WalletRpcFixture.StartAsync(_daemon);
        await using var harness = new DaemonHarness(
            DaemonHarness.Options(wallet.Address) with { TemplateLifetime = TimeSpan.FromMilliseconds(200) }, _daemon.Url);
        await _daemon.GenerateBlocksAsync(80, wallet.Address);
        await wallet.RefreshBalanceAsync();

        // Each number of leaves gives the merkle tree another shape.
        for (int pooled = 1; pooled <= 5; pooled++)
        {
            await wallet.TransferAsync(wallet.Address, 1_000_000_000);
            int leaves = pooled + 1;
            Task<DaemonJob> next = harness.NextJobAsync(job => job.Template.TransactionCount == leaves);
            while (await Task.WhenAny(next, Task.Delay(OddMoment)) != next)
                await harness.Clients[0].GetBlockTemplateAsync(wallet.Address, TemplateRules.ReserveSize / 2, CancellationToken.None);
            DaemonJob job = await next;
            Assert.That(harness.Source.Status.Active?.Error, Is.Null, $"{leaves} leaves");
            AssertIdIsDaemons(job, leaves);
        }
        DaemonJob last = await harness.NextJobAsync(job => job.Template.TransactionCount == 6);
        FoundBlock block = last.BuildBlock(7, 0, DateTimeOffset.UnixEpoch);
        BlockOutcome outcome = await BlockSubmission.TryAsync(harness.Clients[0], block, CancellationToken.None);
        Assert.That(outcome.Verdict, Is.EqualTo(BlockVerdict.Accepted), outcome.Reason);
        (_, ulong total) = await wallet.RefreshBalanceAsync();
        Assert.That(total, Is.GreaterThan(0UL));
    }

    private static void AssertIdIsDaemons(DaemonJob job, int leaves)
    {
        Span<byte> blob = stackalloc byte[HashingBlob.MaxSize];
        int length = job.WriteHashingBlob(0, blob, out int nonceOffset);
        Assert.That(blob[..length].SequenceEqual(job.Raw.HashingBlob), Is.True, $"{leaves} leaves: extra nonce 0 is the unmodified template");
        Assert.That(nonceOffset, Is.EqualTo(39));
    }
}

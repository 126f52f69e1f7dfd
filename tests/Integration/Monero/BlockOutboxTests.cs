using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Integration.Tests.Monero;

/// <summary>Found blocks and real daemons.</summary>
[TestFixture]
[Category("Daemon")]
internal sealed class BlockOutboxTests
{
    private string _directory = "";

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("p2p-miner-outbox-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task MinedBlocks_AreAccepted()
    {
        const int Blocks = 3;
        await using MonerodFixture daemon = await MonerodFixture.StartAsync(difficulty: 20);
        await using var harness = new DaemonHarness(DaemonHarness.Options(), daemon.Url);
        BlockOutbox outbox = Outbox(harness.Clients);
        DaemonJob job = await harness.NextJobAsync(_ => true);
        using RandomXCache cache = RandomXCache.Create(job.Key.ToArray(), RandomXCpu.SupportedFlags, PagePreference.Auto);
        using RandomXVm vm = RandomXVm.CreateLight(cache, RandomXCpu.SupportedFlags, PagePreference.Auto);
        for (ulong extraNonce = 1; extraNonce <= Blocks; extraNonce++)
        {
            FoundBlock block = Mine(job, extraNonce, vm, isBlock: true);
            BlockOutcome outcome = await outbox.SubmitAsync(block, CancellationToken.None);
            Assert.That(outcome.Verdict, Is.EqualTo(BlockVerdict.Accepted), outcome.Reason);
            Assert.That(await daemon.TopAsync(), Is.EqualTo(block.Id));
            job = await harness.NextJobAsync(next => next.Template.PreviousId == block.Id);
        }
        FoundBlock weak = Mine(job, 1, vm, isBlock: false);
        BlockOutcome refused = await outbox.SubmitAsync(weak, CancellationToken.None);
        Assert.That(refused.Verdict, Is.EqualTo(BlockVerdict.Rejected), refused.Reason);
        Assert.That(refused.Reason, Does.Contain("Block not accepted"));
        Assert.That(outbox.Counters, Is.EqualTo(new BlockCounters(Blocks + 1, Blocks, 1)));
        Assert.That(await daemon.HeightAsync(), Is.EqualTo(1UL + Blocks));
    }

    [Test]
    public async Task DaemonThatWasDown_GetsTheBlock()
    {
        await using MonerodFixture daemon = await MonerodFixture.StartAsync();
        await using var harness = new DaemonHarness(DaemonHarness.Options(), daemon.Url);
        DaemonJob job = await harness.NextJobAsync(_ => true);
        FoundBlock block = job.BuildBlock(1, 1, DateTimeOffset.UnixEpoch);
        await daemon.KillAsync();
        BlockOutcome outcome = await Outbox(harness.Clients).SubmitAsync(block, CancellationToken.None);
        Assert.That(outcome.Verdict, Is.EqualTo(BlockVerdict.Pending), outcome.Reason);

        // The first outbox is gone as after kill -9; the next one has only the folder to go by.
        await daemon.StartAgainAsync();
        BlockOutbox next = Outbox(harness.Clients);
        await RunUntilAsync(next, counters => counters.Accepted == 1);
        Assert.That(await daemon.TopAsync(), Is.EqualTo(block.Id));
        Assert.That(Directory.GetFiles(_directory), Is.Empty);
    }

    [Test]
    public async Task DaemonThatLacksTheParent_DoesNotDecide()
    {
        await using MonerodFixture ahead = await MonerodFixture.StartAsync();
        await using MonerodFixture behind = await MonerodFixture.StartAsync();
        await ahead.GenerateBlocksAsync(2);
        await using var harness = new DaemonHarness(DaemonHarness.Options(), ahead.Url);
        using DaemonClient other = DaemonHarness.ClientOf(behind.Url);
        DaemonJob job = await harness.NextJobAsync(_ => true);
        FoundBlock block = job.BuildBlock(1, 1, DateTimeOffset.UnixEpoch);

        Assert.That(await other.SubmitBlockAsync(block.Blob, CancellationToken.None), Is.Null, "monerod says OK");
        Assert.That(await behind.HeightAsync(), Is.EqualTo(1UL), "and drops the block");
        BlockOutcome dropped = await BlockSubmission.TryAsync(other, block, CancellationToken.None);
        Assert.That(dropped.Verdict, Is.EqualTo(BlockVerdict.Pending), dropped.Reason);

        BlockOutcome outcome = await Outbox([other, harness.Clients[0]]).SubmitAsync(block, CancellationToken.None);
        Assert.That((outcome.Verdict, outcome.Reason), Is.EqualTo((BlockVerdict.Accepted, ahead.Url)));

        FoundBlock late = job.BuildBlock(2, 1, DateTimeOffset.UnixEpoch);
        BlockOutcome lost = await BlockSubmission.TryAsync(harness.Clients[0], late, CancellationToken.None);
        Assert.That(lost.Verdict, Is.EqualTo(BlockVerdict.Rejected), "the height is taken");
    }

    private static FoundBlock Mine(DaemonJob job, ulong extraNonce, RandomXVm vm, bool isBlock)
    {
        Span<byte> blob = stackalloc byte[HashingBlob.MaxSize];
        Span<byte> hash = stackalloc byte[Hash256.Size];
        int length = job.WriteHashingBlob(extraNonce, blob, out int nonceOffset);
        for (uint nonce = 0; nonce < 10_000; nonce++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(blob[nonceOffset..], nonce);
            vm.CalculateHash(blob[..length], hash);
            if (Difficulty.IsMet(hash, job.NetworkDifficulty) == isBlock)
                return job.BuildBlock(extraNonce, nonce, DateTimeOffset.UnixEpoch);
        }
        throw new AssertionException("no such nonce in 10,000 of them");
    }

    private static async Task RunUntilAsync(BlockOutbox outbox, Func<BlockCounters, bool> condition)
    {
        using var stop = new CancellationTokenSource();
        Task run = outbox.RunAsync(stop.Token);
        await Wait.UntilAsync(() => Task.FromResult(condition(outbox.Counters)), () => outbox.Counters.ToString());
        await stop.CancelAsync();
        Assert.That(async () => await run, Throws.InstanceOf<OperationCanceledException>());
    }

    private BlockOutbox Outbox(IReadOnlyList<DaemonClient> clients) =>
        new(_directory, clients, TimeProvider.System, NullLogger<BlockOutbox>.Instance);
}

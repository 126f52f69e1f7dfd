using System.Buffers.Binary;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Sources.Chain;

public class ChainSourceTests
{
    private readonly ManualTime _time = new(DateTimeOffset.FromUnixTimeSeconds((long)TestChain.Start + 100));

    [Test]
    public async Task Source_PublishesAJobAtOnce_OnEveryNewTip_AndWithTheTime()
    {
        ShareTree tree = TestChain.NewTree();
        var source = new ChainSource(tree, TestChain.Alice, _time);
        using var stop = new CancellationTokenSource();
        Task run = source.RunAsync(stop.Token);

        ChainJob first = await NextJob(source);
        Assert.That(first.Height, Is.EqualTo(1));
        Assert.That(first.Template.Header.Timestamp, Is.EqualTo(TestChain.Start + 100));

        _time.Advance(ChainSource.RefreshInterval);
        ChainJob refreshed = await NextJob(source);
        Assert.That(refreshed.Height, Is.EqualTo(1));
        Assert.That(refreshed.Template.Header.Timestamp, Is.EqualTo(TestChain.Start + 105));
        Assert.That(refreshed.Id, Is.Not.EqualTo(first.Id));

        TestChain.Extend(tree, tree.Tip);
        ChainJob next = await NextJob(source);
        Assert.That(next.Height, Is.EqualTo(2));
        Assert.That(next.Template.Header.Parent, Is.EqualTo(tree.Tip.Id));

        await stop.CancelAsync();
        await run;
        Assert.That(source.Jobs.Completion.IsCompletedSuccessfully);
        TestChain.Extend(tree, tree.Tip);
        Assert.That(source.Jobs.TryRead(out _), Is.False);
    }

    [Test]
    public async Task Source_KeepsTheNewestJobOnly()
    {
        ShareTree tree = TestChain.NewTree();
        var source = new ChainSource(tree, TestChain.Alice, _time);
        using var stop = new CancellationTokenSource();
        Task run = source.RunAsync(stop.Token);
        TestChain.Grow(tree, 5);

        Assert.That((await NextJob(source)).Height, Is.EqualTo(6));
        Assert.That(source.Jobs.TryRead(out _), Is.False);
        await stop.CancelAsync();
        await run;
    }

    [Test]
    public void Job_SaysWhatItsTemplateSays()
    {
        ShareTree tree = TestChain.NewTree();
        TestChain.Grow(tree, 2050);
        ShareTemplate template = tree.NextTemplate(TestChain.Alice, tree.Tip.Timestamp + 3);
        ChainJob job = ChainJob.Create("j", template);

        Assert.That(job.Source, Is.EqualTo(JobSource.Chain));
        Assert.That(job.Key, Is.EqualTo(tree.GenesisId));
        Assert.That(job.NextKey, Is.EqualTo(tree.AtHeight(2048)!.Id));
        Assert.That(job.Height, Is.EqualTo(2051));
        Assert.That(job.ShareDifficulty, Is.EqualTo(tree.Tip.ChildDifficulty));
        Assert.That(job.NetworkDifficulty, Is.EqualTo(UInt128.MaxValue));
    }

    /// <summary>What the miner hashes is what others rebuild from the share.</summary>
    [TestCase(0UL, 0u)]
    [TestCase(1UL, 0x01020304u)]
    [TestCase(ulong.MaxValue, uint.MaxValue)]
    public void HashingBlob_OfTheJob_IsThatOfItsShare(ulong extraNonce, uint nonce)
    {
        ShareTree tree = TestChain.NewTree();
        ChainJob job = ChainJob.Create("j", tree.NextTemplate(TestChain.Alice, TestChain.Start + 5));
        var mined = new byte[HashingBlob.MaxSize];
        int length = job.WriteHashingBlob(extraNonce, mined, out int nonceOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(mined.AsSpan(nonceOffset), nonce);

        Share share = job.ToShare(new Hit(job, extraNonce, nonce, Hash256.Zero, Thread: 0));
        var rebuilt = new byte[HashingBlob.MaxSize];
        int rebuiltLength = share.WriteHashingBlob(rebuilt);

        Assert.That(rebuilt[..rebuiltLength], Is.EqualTo(mined[..length]));
        Assert.That(tree.Add(share, TestChain.Start + 5).Status, Is.EqualTo(AddStatus.NewTip));
    }

    [Test]
    public void HashingBlobs_DifferBetweenExtraNoncesAndMiners()
    {
        ShareTree tree = TestChain.NewTree();
        string[] blobs = [.. from miner in new[] { TestChain.Alice, TestChain.Bob } from extraNonce in new[] { 0UL, 1UL, ulong.MaxValue } select Blob(miner, extraNonce)];

        Assert.That(blobs, Is.Unique);

        string Blob(MinerId miner, ulong extraNonce)
        {
            var blob = new byte[HashingBlob.MaxSize];
            ChainJob job = ChainJob.Create("j", tree.NextTemplate(miner, TestChain.Start + 5));
            return Convert.ToHexString(blob.AsSpan(0, job.WriteHashingBlob(extraNonce, blob, out _)));
        }
    }

    private static async Task<ChainJob> NextJob(ChainSource source)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        return (ChainJob)await source.Jobs.ReadAsync(deadline.Token);
    }
}

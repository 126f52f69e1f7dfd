using System.Buffers.Binary;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Node.Api;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Tests.Jobs;

/// <summary>Real hashes on the genesis link's key.</summary>
public sealed class HitProcessorTests
{
    private static readonly MinerId Miner = new([1, 2, 3]);

    private TemporaryDirectory _directory = null!;
    private KeyStore _keys = null!;
    private LightVerifier _verifier = null!;
    private ShareTree _tree = null!;
    private ShareLedger _ledger = null!;
    private RecordingLogger<HitProcessor> _log = null!;

    [SetUp]
    public async Task MakeChain()
    {
        _directory = new TemporaryDirectory();
        _ledger = new ShareLedger();
        _log = new RecordingLogger<HitProcessor>();
        _tree = new ShareTree(Genesis.Of("test"), (_, _) => throw new InvalidOperationException("hits are verified before"), _ => false);
        KeyStoreOptions options = new() { Memory = MemoryMode.Light, BuilderThreads = 1 };
        _keys = new KeyStore(options, TimeProvider.System, NullLogger<KeyStore>.Instance);
        _verifier = new LightVerifier(_keys, TimeProvider.System);
        _keys.SetKeys(_tree.GenesisId, null);
        await _keys.WaitForCacheAsync(_tree.GenesisId, CancellationToken.None);
    }

    [TearDown]
    public async Task FreeChain()
    {
        _directory.Dispose();
        _verifier.Dispose();
        await _keys.DisposeAsync();
    }

    [Test]
    public async Task Hits_OnTheSameParent_AreBothLinks_AndTheOneWithTheLowerIdIsTheTip()
    {
        ChainJob job = NextJob();
        Hit first = FindHit(job, extraNonce: 1);
        Hit second = FindHit(job, extraNonce: 2);

        await Process(first, second);

        Share[] shares = [job.ToShare(first), job.ToShare(second)];
        Share tip = shares.OrderBy(share => share.Id.ToString(), StringComparer.Ordinal).First();
        Assert.That(_tree.Tip.Id, Is.EqualTo(tip.Id));
        Assert.That(_tree.Count, Is.EqualTo(3));
        Assert.That(_ledger.Recent.Select(share => share.State), Is.EqualTo(new[] { tip == shares[1] ? "accepted" : "stale", "accepted" }));
    }

    [Test]
    public async Task Hit_WhoseHashTheLightPathDoesNotConfirmIsRejectedAndLeavesTheChainAlone()
    {
        Hit hit = FindHit(NextJob(), extraNonce: 1);

        await Process(hit with { Nonce = hit.Nonce + 1 }, hit with { Hash = Hash256.Zero });

        Assert.That(_ledger.Counts, Is.EqualTo(new ShareCounts(2, 0, 2, 0)));
        Assert.That(_tree.Tip.Id, Is.EqualTo(_tree.GenesisId));
    }

    [Test]
    public async Task Hit_UnderAKeyThatWasGivenUpIsStale()
    {
        Hit hit = FindHit(NextJob(), extraNonce: 1);
        _keys.SetKeys(Hash256.Zero, null);

        await Process(hit);

        Assert.That(_ledger.Counts, Is.EqualTo(new ShareCounts(1, 0, 0, 1)));
        Assert.That(_log.Lines.Single().Text, Does.StartWith("Share came late: link 1, difficulty 100,"));
    }

    [Test]
    public async Task Block_OnAnEarlierTemplateThanTheLastIsNotSubmitted_ButOneOnALaterWhateverItsParent()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Chain.Difficulty = 1;
        MergedJob first = await NextBlockAsync(daemon);
        daemon.Chain.Height++;
        MergedJob second = await NextBlockAsync(daemon);
        daemon.Chain.Height--;
        MergedJob afterFailover = await NextBlockAsync(daemon);
        _keys.SetKeys(first.Key, null);
        await _keys.WaitForCacheAsync(first.Key, CancellationToken.None);
        Hit[] hits = [FindHit(first, 1), FindHit(first, 2), FindHit(second, 1), FindHit(first, 3), FindHit(afterFailover, 4)];
        using (DaemonClient client = daemon.Client())
            await Process(Outbox(client), hits);

        Hit[] submitted = [hits[0], hits[2], hits[4]];
        Assert.That(daemon.Chain.Submitted, Is.EquivalentTo(submitted.Select(hit => BlockOf(hit).Blob)));
    }

    /// <summary>The publisher of the first template may have died, and nobody else's daemon may have its transactions.</summary>
    [Test]
    public async Task Block_OnAnotherMembersTemplateIsSubmitted_WhileOneOnTheSameParentWaits_AndFurtherOnesOfEachAreToldOf()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        MergedJob[] jobs = [await NextBlockAsync(Member(1)), await NextBlockAsync(Member(2))];
        Hit[] hits = [FindHit(jobs[0], 1), FindHit(jobs[0], 2), FindHit(jobs[1], 3), FindHit(jobs[1], 4)];
        using (DaemonClient client = daemon.Client())
        {
            BlockOutbox outbox = Outbox(client);
            await Process(outbox, hits);
            Assert.That(outbox.Counters, Is.EqualTo(new BlockCounters(2, 0, 0, Suppressed: 2)));
        }
        Assert.That(daemon.Chain.Submitted, Is.EquivalentTo(new[] { BlockOf(hits[0]).Blob, BlockOf(hits[2]).Blob }));
        string[] told = [.. _log.Lines.Select(line => line.Text).Where(text => text.Contains("is not submitted", StringComparison.Ordinal))];
        Assert.That(told, Has.Length.EqualTo(2));
        Assert.That(told[0], Does.Contain(BlockOf(hits[1]).Id.ToString()));
        Assert.That(told[1], Does.Contain(BlockOf(hits[3]).Id.ToString()));
    }

    [Test]
    public async Task Block_IsSubmittedAgain_AfterTheLastWordOnTheOneBeforeItWasARefusal()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        MergedJob job = await NextBlockAsync(Member(1));
        Hit[] hits = [FindHit(job, 1), FindHit(job, 2)];
        using DaemonClient client = daemon.Client();
        BlockOutbox outbox = Outbox(client);
        HitProcessor processor = Processor(outbox);
        Channel<Hit> channel = Channel.CreateBounded<Hit>(hits.Length);
        Task processing = processor.RunAsync(channel.Reader, CancellationToken.None);
        await channel.Writer.WriteAsync(hits[0]);
        await Until.TrueAsync(() => daemon.Chain.Submitted.Count == 1);

        // Its retry, not its first submission, is refused.
        using CancellationTokenSource stop = new();
        Task retrying = outbox.RunAsync(stop.Token);
        daemon.Chain.OnSubmit = _ => (-7, "Block not accepted");
        await Until.TrueAsync(() => outbox.Counters.Rejected == 1);
        await stop.CancelAsync();
        Assert.That(async () => await retrying, Throws.InstanceOf<OperationCanceledException>());

        await channel.Writer.WriteAsync(hits[1]);
        channel.Writer.Complete();
        await processing;
        Assert.That(daemon.Chain.Submitted[^1], Is.EqualTo(BlockOf(hits[1]).Blob));
    }

    /// <summary>A liar among the members may say that he has any block.</summary>
    [TestCase(true, true)]
    [TestCase(false, false)]
    public void Block_OnAnotherTemplate_IsSubmitted_UnlessTheOwnDaemonHasTheOne(bool isHearsay, bool isSubmitted)
    {
        BlockRivals rivals = new();
        DaemonTemplate[] templates = [.. Enumerable.Range(0, 2).Select(_ => SampleTemplate.Read(10, Hash256.Zero, Hash256.Zero, 1) with { NextSeedHash = Hash256.Zero })];
        DaemonJob[] jobs = [SampleTemplate.Job(templates[0], Member(1)), SampleTemplate.Job(templates[1], Member(2))];
        Assert.That(rivals.FindOrAdd(jobs[0], Hash256.Zero), Is.Null);
        rivals.Settle(Hash256.Zero, new BlockOutcome(BlockVerdict.Accepted, "", isHearsay));
        Assert.That(rivals.PublisherOf(Hash256.Zero), Is.EqualTo(Member(1)));
        Assert.That(rivals.Find(jobs[0]), Is.EqualTo(Hash256.Zero), "its own template is done with");
        Assert.That(rivals.Find(jobs[0].WithoutNextKey().WithShare(1, null)), Is.EqualTo(Hash256.Zero), "so is the same without its next key");
        Assert.That(rivals.Find(jobs[1]), Is.EqualTo(isSubmitted ? null : (Hash256?)Hash256.Zero));
    }

    [Test]
    public async Task Block_OnAMembersTemplate_ThatTheOwnDaemonRefuses_IsHeldAgainstTheMember()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Chain.OnSubmit = _ => (-7, "Block not accepted");
        Hit hit = FindHit(await NextBlockAsync(Member(1)), 1);
        using DaemonClient client = daemon.Client();
        HitProcessor processor = Processor(Outbox(client));
        List<PeerId> refused = [];
        processor.Refused += refused.Add;
        Channel<Hit> channel = Channel.CreateBounded<Hit>(1);
        await channel.Writer.WriteAsync(hit);
        channel.Writer.Complete();
        await processor.RunAsync(channel.Reader, CancellationToken.None);
        Assert.That(refused, Is.EqualTo(new[] { Member(1) }));
    }

    private static ulong Now => (ulong)TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    private ChainJob NextJob() => ChainJob.Create("job", _tree.NextTemplate(Miner, Now));

    private async Task<MergedJob> NextBlockAsync(FakeDaemon daemon)
    {
        await using var source = new RunningSource(daemon);
        DaemonJob block = await source.NextJobAsync();
        return new MergedJob(block, _tree.NextTemplate(Miner, Now, block.Key));
    }

    /// <summary>On the template of a member's daemon; those of two members have the same parent.</summary>
    private async Task<MergedJob> NextBlockAsync(PeerId member)
    {
        DaemonJob block = SampleTemplate.Job(SampleTemplate.Read(10, Hash256.Zero, _tree.GenesisId, 1, member.Bytes[^1]), member);
        await _keys.WaitForCacheAsync(_tree.GenesisId, CancellationToken.None);
        return new MergedJob(block, _tree.NextTemplate(Miner, Now, block.Key));
    }

    private static PeerId Member(byte number) => PeerId.FromEd25519([.. new byte[31], number]);

    private static FoundBlock BlockOf(Hit hit) => ((MergedJob)hit.Job).Block.BuildBlock(hit.ExtraNonce, hit.Nonce, DateTimeOffset.UnixEpoch);

    private Task Process(params Hit[] hits) => Process(Outbox(), hits);

    private BlockOutbox Outbox(params DaemonClient[] daemons) =>
        new(_directory.File("blocks"), daemons, TimeProvider.System, NullLogger<BlockOutbox>.Instance);

    private async Task Process(BlockOutbox outbox, params Hit[] hits)
    {
        Channel<Hit> channel = Channel.CreateBounded<Hit>(hits.Length);
        foreach (Hit hit in hits)
            await channel.Writer.WriteAsync(hit);
        channel.Writer.Complete();
        await Processor(outbox).RunAsync(channel.Reader, CancellationToken.None);
    }

    private HitProcessor Processor(BlockOutbox outbox) => new(_verifier, _tree, outbox, _ledger, TimeProvider.System, _log);

    private Hit FindHit(Job job, ulong extraNonce)
    {
        using IHasher vm = _keys.TryCreateVm(job.Key, 0, out _)!;
        byte[] blob = new byte[HashingBlob.MaxSize];
        byte[] hash = new byte[Hash256.Size];
        int length = job.WriteHashingBlob(extraNonce, blob, out int nonceOffset);
        for (uint nonce = 0; ; nonce++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(blob.AsSpan(nonceOffset), nonce);
            vm.CalculateHash(blob.AsSpan(0, length), hash);
            if (Difficulty.IsMet(hash, job.ShareDifficulty))
                return new Hit(job, extraNonce, nonce, new Hash256(hash), 0);
        }
    }
}

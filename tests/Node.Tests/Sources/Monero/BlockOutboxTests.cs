using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Tests.Sources.Monero;

[TestFixture]
internal sealed class BlockOutboxTests
{
    private string _directory = "";

    private string Blocks => Path.Combine(_directory, "blocks");

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("p2p-miner-outbox-").FullName;

    [TearDown]
    public void RemoveDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task AcceptedBlock_IsForgotten()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        FoundBlock block = Block(10);
        daemon.Chain.OnSubmit = _ =>
        {
            Assert.That(Files(), Has.Length.EqualTo(1), "it is on disk before it is submitted");
            daemon.Chain.Know(block.Id, block.Height);
            return null;
        };
        using DaemonClient client = daemon.Client();
        BlockOutbox outbox = Outbox(client);
        Assert.That((await outbox.SubmitAsync(block, CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Accepted));
        Assert.That(daemon.Chain.Submitted, Is.EqualTo(new[] { block.Blob }));
        Assert.That(outbox.Counters, Is.EqualTo(new BlockCounters(1, 1, 0)));
        Assert.That(Files(), Is.Empty);
    }

    [TestCase(-7, "Block not accepted")]
    [TestCase(-6, "Wrong block blob")]
    public async Task RefusedBlock_IsKeptWithTheReason(int code, string reason)
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Chain.OnSubmit = _ => (code, reason);
        using DaemonClient client = daemon.Client();
        BlockOutbox outbox = Outbox(client);
        BlockOutcome outcome = await outbox.SubmitAsync(Block(10), CancellationToken.None);
        Assert.That(outcome.Verdict, Is.EqualTo(BlockVerdict.Rejected));
        Assert.That(outbox.Counters, Is.EqualTo(new BlockCounters(1, 0, 1)));
        Assert.That(Files(), Is.Empty);
        string[] rejected = Directory.GetFiles(Path.Combine(Blocks, "rejected"));
        Assert.That(File.ReadAllText(rejected.Single()), Does.Contain(reason));
    }

    [Test]
    public async Task RefusedBlockThatTheDaemonHas_IsAccepted()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        FoundBlock block = Block(10);
        daemon.Chain.Know(block.Id, block.Height);
        daemon.Chain.OnSubmit = _ => (-7, "Block not accepted");
        using DaemonClient client = daemon.Client();
        Assert.That((await Outbox(client).SubmitAsync(block, CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Accepted));
    }

    [Test]
    public async Task BlockThatLostTheRace_IsRejected()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        FoundBlock block = Block(10);
        daemon.Chain.Know(block.Id, block.Height, orphan: true);
        using DaemonClient client = daemon.Client();
        BlockOutcome outcome = await Outbox(client).SubmitAsync(block, CancellationToken.None);
        Assert.That((outcome.Verdict, outcome.Reason), Is.EqualTo((BlockVerdict.Rejected, $"{daemon.Url}: another block took height 10")));
    }

    /// <summary>monerod says OK to a block whose parent it does not know, and drops it.</summary>
    [Test]
    public async Task DroppedBlock_IsNotTakenForAccepted()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        BlockOutbox outbox = Outbox(client);
        Assert.That((await outbox.SubmitAsync(Block(10), CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Pending));
        Assert.That(Files(), Has.Length.EqualTo(1));

        daemon.Chain.Height = 10 + BlockSubmission.StaleDepth + 1;
        await RunUntilAsync(outbox, counters => counters.Rejected == 1);
        Assert.That(Files(), Is.Empty);
    }

    [Test]
    public async Task UnreachableDaemon_IsTriedAgain()
    {
        FakeDaemon daemon = await FakeDaemon.StartAsync();
        using DaemonClient client = daemon.Client();
        int port = new Uri(daemon.Url).Port;
        await daemon.DisposeAsync();
        BlockOutbox outbox = Outbox(client);
        FoundBlock block = Block(10);
        Assert.That((await outbox.SubmitAsync(block, CancellationToken.None)).Verdict, Is.EqualTo(BlockVerdict.Pending));

        await using FakeDaemon revived = await FakeDaemon.StartAsync(port);
        revived.Chain.Know(block.Id, block.Height);
        await RunUntilAsync(outbox, counters => counters.Accepted == 1);
        Assert.That(revived.Chain.Submitted, Is.EqualTo(new[] { block.Blob }));
        Assert.That(Files(), Is.Empty);
    }

    [Test]
    public async Task AnyDaemon_IsEnough()
    {
        await using FakeDaemon refusing = await FakeDaemon.StartAsync();
        await using FakeDaemon silent = await FakeDaemon.StartAsync();
        await using FakeDaemon accepting = await FakeDaemon.StartAsync();
        FoundBlock block = Block(10);
        refusing.Chain.OnSubmit = _ => (-7, "Block not accepted");
        silent.Respond = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        accepting.Chain.Know(block.Id, block.Height);
        using DaemonClient first = refusing.Client();
        using DaemonClient second = silent.Client(TimeSpan.FromHours(1));
        using DaemonClient third = accepting.Client();
        BlockOutbox outbox = Outbox(first, second, third);
        BlockOutcome outcome = await outbox.SubmitAsync(block, CancellationToken.None);
        Assert.That((outcome.Verdict, outcome.Reason), Is.EqualTo((BlockVerdict.Accepted, accepting.Url)));
        Assert.That(outbox.Counters, Is.EqualTo(new BlockCounters(1, 1, 0)));
    }

    [Test]
    public async Task Restart_SubmitsWhatIsLeft()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        FoundBlock[] blocks = [Block(10), Block(11), Block(12)];
        var store = new FoundBlockStore(Blocks, new RecordingLogger<BlockOutbox>());
        foreach (FoundBlock block in blocks)
        {
            store.Save(block);
            daemon.Chain.Know(block.Id, block.Height);
        }
        string[] files = Directory.GetFiles(Blocks);
        Array.Sort(files);

        // As a crash between writing and renaming leaves it: complete, under its temporary name.
        File.Move(files[1], Path.ChangeExtension(files[1], ".tmp"));

        using DaemonClient client = daemon.Client();
        BlockOutbox outbox = Outbox(client);
        await RunUntilAsync(outbox, counters => counters.Accepted == 3);
        Assert.That(daemon.Chain.Submitted, Is.EquivalentTo(blocks.Select(block => block.Blob)));
        Assert.That(outbox.Counters, Is.EqualTo(new BlockCounters(0, 3, 0)), "they were found by an earlier process");
        Assert.That(Files(), Is.Empty);
    }

    [Test]
    public async Task DamagedFile_IsSetAside()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        FoundBlock whole = Block(10);
        FoundBlock damaged = Block(11);
        daemon.Chain.Know(whole.Id, whole.Height);
        var logger = new RecordingLogger<BlockOutbox>();
        var store = new FoundBlockStore(Blocks, logger);
        store.Save(whole);
        store.Save(damaged);
        string path = Directory.GetFiles(Blocks, "11-*").Single();
        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes[^10] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        await File.WriteAllTextAsync(Path.Combine(Blocks, "9-cut.tmp"), "{\"height\":");
        using (FileStream huge = File.Create(Path.Combine(Blocks, "8-huge.json")))
            huge.SetLength(1L << 33);

        using DaemonClient client = daemon.Client();
        var outbox = new BlockOutbox(Blocks, [client], TimeProvider.System, logger);
        await RunUntilAsync(outbox, counters => counters.Accepted == 1);
        Assert.That(daemon.Chain.Submitted, Has.Count.EqualTo(1));
        Assert.That(Directory.GetFiles(Path.Combine(Blocks, "damaged")), Has.Length.EqualTo(3));
        Assert.That(logger.Lines.Count(line => line.Text.Contains("damaged", StringComparison.Ordinal)), Is.EqualTo(3));
    }

    [Test]
    public async Task FullDisk_StillSubmits()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        await File.WriteAllTextAsync(Blocks, "a file where the folder should be");
        FoundBlock block = Block(10);
        int submissions = 0;
        daemon.Chain.OnSubmit = _ =>
        {
            if (++submissions < 2)
                return (-9, "Core is busy");
            daemon.Chain.Know(block.Id, block.Height);
            return null;
        };
        using DaemonClient client = daemon.Client();
        BlockOutcome outcome = await Outbox(client).SubmitAsync(block, CancellationToken.None);
        Assert.That(outcome.Verdict, Is.EqualTo(BlockVerdict.Accepted), outcome.Reason);
    }

    [Test]
    public async Task Cancellation_LeavesTheBlockOnDisk()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.Respond = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        using DaemonClient client = daemon.Client(TimeSpan.FromHours(1));
        using var cancellation = new CancellationTokenSource();
        Task<BlockOutcome> submission = Outbox(client).SubmitAsync(Block(10), cancellation.Token);
        await cancellation.CancelAsync();
        Assert.That(async () => await submission, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Files(), Has.Length.EqualTo(1));
    }

    private static FoundBlock Block(ulong height)
    {
        var chain = new FakeChain { Salt = 7 };
        byte[] blob = SampleTemplate.Blob(height, chain.IdAt(height - 1), out _);
        return new FoundBlock(chain.IdAt(height), height, blob, DateTimeOffset.UnixEpoch.AddSeconds(height));
    }

    private static async Task RunUntilAsync(BlockOutbox outbox, Func<BlockCounters, bool> condition)
    {
        using var stop = new CancellationTokenSource();
        Task run = outbox.RunAsync(stop.Token);
        await Until.TrueAsync(() => condition(outbox.Counters));
        await stop.CancelAsync();
        Assert.That(async () => await run, Throws.InstanceOf<OperationCanceledException>());
    }

    private BlockOutbox Outbox(params DaemonClient[] clients) =>
        new(Blocks, clients, TimeProvider.System, new RecordingLogger<BlockOutbox>());

    private string[] Files() => Directory.Exists(Blocks) ? Directory.GetFiles(Blocks) : [];
}

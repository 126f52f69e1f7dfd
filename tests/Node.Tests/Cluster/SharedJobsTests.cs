using P2PMiner.Mining;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.Node.Tests.Sources.Monero;

namespace P2PMiner.Node.Tests.Cluster;

/// <summary>Several nodes, the jobs and blocks of their daemons.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SharedJobsTests : IDisposable
{
    private static readonly Hash256 Key = Hash256.Parse(new string('a', 64));
    private static readonly Hash256 Parent = Hash256.Parse(new string('b', 64));

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Test]
    public async Task Job_ReachesAllMembers_AndThoseThatComeLater_UntilItsPublisherIsGone()
    {
        TestNode publisher = await StartAsync("publisher", hasDaemon: true);
        await using TestNode second = await StartAsync("second", publisher);
        await using TestNode third = await StartAsync("third", second);
        await Wait.UntilAsync(() => third.Cluster.Members.Count == 2, "all know each other");
        publisher.Cluster.Announce(Job(20));
        await Wait.UntilAsync(() => HasJobOf(second, publisher, 20) && HasJobOf(third, publisher, 20), "the job is there");
        publisher.Cluster.Announce(Job(21));
        await Wait.UntilAsync(() => HasJobOf(second, publisher, 21) && HasJobOf(third, publisher, 21), "the next job is there");
        Assert.That(third.Keys.Contains(Key), Is.True);

        await using TestNode late = await StartAsync("late", third);
        await Wait.UntilAsync(() => HasJobOf(late, publisher, 21), "the job comes to the late one");

        await publisher.DisposeAsync();
        await Wait.UntilAsync(() => second.Jobs.All.Count == 0 && third.Jobs.All.Count == 0 && late.Jobs.All.Count == 0, "its jobs went with it");
    }

    [Test]
    public async Task Block_FoundWithoutADaemon_IsSubmittedByEachThatHasOne()
    {
        FoundBlock block = Job(20).BuildBlock(1, 2, TimeProvider.System.GetUtcNow());
        await using TestNode first = await StartAsync("first", hasDaemon: true);
        await using TestNode second = await StartAsync("second", first, hasDaemon: true);
        await using TestNode finder = await StartAsync("finder", second);
        first.Keys.Add(Key);
        second.Keys.Add(Key);
        int submitted = 0;
        foreach (TestNode node in new[] { first, second })
        {
            node.Relay = found =>
            {
                Assert.That(found.Blob, Is.EqualTo(block.Blob));
                Interlocked.Increment(ref submitted);
                BlockOutcome outcome = new(BlockVerdict.Accepted, "here");
                node.Cluster.Blocks.Tell(found, outcome);
                return Task.FromResult(outcome);
            };
        }
        first.Cluster.Announce(Job(20));
        second.Cluster.Announce(Job(20));
        await Wait.UntilAsync(() => finder.Jobs.All.Count == 2 && second.Jobs.All.Count == 1 && finder.Cluster.Members.Count == 2, "the job is there");

        BlockOutcome? outcome = null;
        while (outcome?.Verdict != BlockVerdict.Accepted)
            outcome = await finder.Cluster.Blocks.OfferAsync(block, CancellationToken.None);
        await Wait.UntilAsync(() => Volatile.Read(ref submitted) == 2, "both submit it, once");
    }

    [Test]
    public async Task Publisher_OfForgedJobs_IsNotHeardAnyMore()
    {
        await using TestNode liar = await StartAsync("liar", hasDaemon: true);
        await using TestNode honest = await StartAsync("honest", liar);
        await Wait.UntilAsync(() => honest.Cluster.Members.Count == 1 && liar.Cluster.Members.Count == 1, "the two know each other");
        liar.Cluster.Announce(Job(20));
        await Wait.UntilAsync(() => HasJobOf(honest, liar, 20), "an honest job is there");

        DaemonTemplate forged = SampleTemplate.Read(21, Parent, Key, 1000);
        byte[] otherCoinbase = [.. forged.Blob];
        otherCoinbase[forged.ReservedOffset - 40] ^= 1;
        DaemonJob job = new(SampleTemplate.Job(forged).Template, forged with { Blob = otherCoinbase }, 1000, null);
        await Wait.UntilAsync(
            () =>
            {
                liar.Cluster.Announce(job);
                return honest.Cluster.ConnectionOf(liar.Id) is null || honest.Cluster.Members.Count == 0;
            },
            "the liar is not heard any more");
        Assert.That(honest.Jobs.All.Where(taken => taken.Height == 21), Is.Empty);
    }

    private static bool HasJobOf(TestNode node, TestNode publisher, ulong height) =>
        node.Jobs.All.Any(job => job.Height == height && publisher.Id.Equals(job.Publisher));

    private static DaemonJob Job(ulong height) => SampleTemplate.Job(SampleTemplate.Read(height, Parent, Key, 1000, transactions: 100));

    private async Task<TestNode> StartAsync(string name, TestNode? other = null, bool hasDaemon = false) => await TestNode.StartAsync(
        _directory, name, options => other is null ? options : options with { Connect = [other.Address] },
        node => node.Status = node.Status with { HasDaemon = hasDaemon });
}

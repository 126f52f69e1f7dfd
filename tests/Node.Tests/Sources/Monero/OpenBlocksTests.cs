using P2PMiner.Mining;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>A member's templates may ask for no work, so that this node finds any number of blocks that nobody wants.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class OpenBlocksTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly OpenBlocks _open;
    private uint _nonce;

    public OpenBlocksTests() => _open = new OpenBlocks(_time);

    public void Dispose() => _directory.Dispose();

    [Test]
    public void BlockOnWhichMuchWorkWasDone_IsTriedEachTime_AndTheOthersInTurn()
    {
        FoundBlock real = Block(1_000_000);
        Add(50);
        _open.Add(real);
        HashSet<Hash256> tried = [];
        for (int i = 0; i < 7; i++)
        {
            IReadOnlyList<FoundBlock> next = _open.Next();
            Assert.That(next[0], Is.EqualTo(real));
            Assert.That(next, Has.Count.EqualTo(2 * OpenBlocks.Best));
            Assert.That(next, Is.Unique);
            tried.UnionWith(next.Select(block => block.Id));
        }
        Assert.That(tried, Has.Count.EqualTo(51));
    }

    [Test]
    public void BlocksOnWhichLeastWorkWasDone_GoWhenThereAreTooMany()
    {
        FoundBlock unknown = Block(null), real = Block(1_000_000);
        _open.Add(unknown);
        _open.Add(real);
        Assert.That(_open.Surplus(), Is.Empty);
        Add(OpenBlocks.Capacity);
        FoundBlock[] surplus = [.. _open.Surplus().Select(one => one.Block)];
        Assert.That(surplus.Select(block => block.Work), Is.EqualTo(new UInt128?[] { 2, 1 }));
    }

    [Test]
    public void Block_ThatNobodyDecidesAbout_GoesAfterADay()
    {
        FoundBlock block = Block(1_000_000);
        _open.Add(block);
        _time.Advance(OpenBlocks.Lifetime);
        Assert.That(_open.Surplus(), Is.Empty);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_open.Surplus().Single().Block, Is.EqualTo(block));
    }

    [Test]
    public async Task Outbox_KeepsTheBlockWithWork_AndNoMoreFilesThanItMay()
    {
        BlockOutbox outbox = new(_directory.File("blocks"), [], _time, new RecordingLogger<BlockOutbox>());
        FoundBlock real = Block(1_000_000);
        await outbox.SubmitAsync(real, CancellationToken.None);
        for (uint i = 1; i < OpenBlocks.Capacity + FoundBlockStore.MaxRejected + 10; i++)
            await outbox.SubmitAsync(Block(i), CancellationToken.None);
        string[] open = Directory.GetFiles(_directory.File("blocks"));
        Assert.That(open, Has.Length.EqualTo(OpenBlocks.Capacity));
        Assert.That(open, Has.Some.Contains(real.Id.ToString()));
        Assert.That(Directory.GetFiles(_directory.File("blocks/rejected")), Has.Length.EqualTo(FoundBlockStore.MaxRejected));
    }

    private void Add(int count)
    {
        for (int i = 1; i <= count; i++)
            _open.Add(Block((UInt128)i));
    }

    private FoundBlock Block(UInt128? work) =>
        SampleTemplate.Job(SampleTemplate.Read(20, Hash256.Zero, Hash256.Zero, 1)).BuildBlock(1, ++_nonce, _time.GetUtcNow()) with { Work = work };
}

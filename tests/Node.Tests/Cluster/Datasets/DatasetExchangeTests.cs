using System.Security.Cryptography;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Cluster.Datasets;

/// <summary>Nodes on loopback that exchange datasets of a few chunks. Nobody computes any, so that all must come from the others.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DatasetExchangeTests : IDisposable
{
    private const int Chunks = 40;
    private const int Items = Chunks * DatasetWorkers.ChunkItems - 1;

    private static readonly NativeEngine Engine = new();
    private static readonly Hash256 Key = new([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);
    private static readonly Lazy<(IRandomXCache Cache, RandomXDataset Dataset)> Truth = new(MakeTruth);

    private readonly TemporaryDirectory _directory = new();
    private readonly RandomXDataset _dataset = Engine.AllocateDataset(PagePreference.Normal);
    private readonly ChunkQueue _queue = new(Items);

    public void Dispose()
    {
        _dataset.Dispose();
        _directory.Dispose();
    }

    [Test]
    public async Task Dataset_ComesFromSeveralHosts()
    {
        await using TestNode asker = await TestNode.StartAsync(_directory, "asker");
        await using TestNode first = await HostAsync("first", asker, Truth.Value.Dataset);
        await using TestNode second = await HostAsync("second", asker, Truth.Value.Dataset);
        await DownloadAsync(asker, first, second);
        AssertTrue();
        long sent = first.Cluster.Datasets.ChunksSent + second.Cluster.Datasets.ChunksSent;
        Assert.That(sent, Is.InRange(Chunks, Chunks + 1), "one may be sent when it is no longer wanted");
    }

    [Test]
    public async Task Liar_IsShutOut_AndAllThatItSentComesFromOthers()
    {
        await using TestNode asker = await TestNode.StartAsync(_directory, "asker");
        using RandomXDataset wrong = Engine.AllocateDataset(PagePreference.Normal);
        Falsify(wrong);
        await using TestNode liar = await HostAsync("liar", asker, wrong);
        await using TestNode honest = await HostAsync("honest", asker, Truth.Value.Dataset);
        await DownloadAsync(asker, liar, honest);
        AssertTrue();
        await Wait.UntilAsync(() => asker.Cluster.ConnectionOf(liar.Id) is null, "the liar is cut off");
        Assert.That(asker.Cluster.ConnectionOf(honest.Id), Is.Not.Null);
    }

    [Test]
    public async Task LostHost_CostsNothingButTime()
    {
        await using TestNode asker = await TestNode.StartAsync(_directory, "asker");
        int held = 0;
        TestNode lost = await HostAsync("lost", asker, Truth.Value.Dataset);
        lost.Hold = _ => ++held < 10 ? new HeldDataset(Truth.Value.Dataset, Items) : throw new IOException("the cable is out");
        await using TestNode other = await HostAsync("other", asker, Truth.Value.Dataset);
        await DownloadAsync(asker, lost, other);
        await lost.DisposeAsync();
        AssertTrue();
    }

    [Test]
    public async Task Host_ThatNoLongerHoldsTheKey_SaysSo_AndIsNotBlamed()
    {
        await using TestNode asker = await TestNode.StartAsync(_directory, "asker");
        await using TestNode empty = await HostAsync("empty", asker, Truth.Value.Dataset);
        int asked = 0;
        empty.Hold = _ =>
        {
            asked++;
            return null;
        };
        await using TestNode other = await HostAsync("other", asker, Truth.Value.Dataset);
        await DownloadAsync(asker, empty, other);
        AssertTrue();
        Assert.That(asker.Cluster.ConnectionOf(empty.Id), Is.Not.Null);
        Assert.That(asked, Is.LessThanOrEqualTo(1), "it is left alone for a while");
    }

    [Test]
    public async Task UploadLimit_LetsTheDatasetThroughAllTheSame()
    {
        await using TestNode asker = await TestNode.StartAsync(_directory, "asker");
        await using TestNode host = await TestNode.StartAsync(
            _directory, "host", options => options with { Connect = [asker.Address], UploadLimit = 200 << 20 }, node => Share(node, Truth.Value.Dataset));
        await DownloadAsync(asker, host);
        AssertTrue();
    }

    private static (IRandomXCache Cache, RandomXDataset Dataset) MakeTruth()
    {
        IRandomXCache cache = Engine.CreateCache(Key.ToArray(), PagePreference.Auto);
        RandomXDataset dataset = Engine.AllocateDataset(PagePreference.Normal);
        Parallel.For(0, Chunks, chunk => cache.WriteItems(
            dataset, ChunkQueue.FirstItem(chunk), Math.Min(DatasetWorkers.ChunkItems, Items - ChunkQueue.FirstItem(chunk))));
        return (cache, dataset);
    }

    /// <summary>The same dataset with one bit wrong in every fourth item.</summary>
    private static void Falsify(RandomXDataset wrong)
    {
        byte[] bytes = new byte[DatasetWorkers.ChunkItems * RandomXLibrary.DatasetItemSize];
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            int first = ChunkQueue.FirstItem(chunk);
            Span<byte> items = bytes.AsSpan(0, Math.Min(DatasetWorkers.ChunkItems, Items - first) * RandomXLibrary.DatasetItemSize);
            Truth.Value.Dataset.CopyItems(first, items);
            for (int at = 0; at < items.Length; at += 4 * RandomXLibrary.DatasetItemSize)
                items[at] ^= 1;
            using DatasetItems place = wrong.BorrowForWriting(first, items.Length / RandomXLibrary.DatasetItemSize);
            items.CopyTo(place.Bytes);
        }
    }

    private static void Share(TestNode node, RandomXDataset dataset)
    {
        node.Hold = key => key == Key ? new HeldDataset(dataset, Items) : null;
        node.Status = node.Status with { IsDatasetHost = true, DatasetKeys = [Key] };
    }

    private Task<TestNode> HostAsync(string name, TestNode asker, RandomXDataset dataset) => TestNode.StartAsync(
        _directory, name, options => options with { Connect = [asker.Address], UploadLimit = null }, node => Share(node, dataset));

    private async Task DownloadAsync(TestNode asker, params TestNode[] hosts)
    {
        await Wait.UntilAsync(
            () => hosts.All(host => asker.Cluster.Members.Any(member => member.Peer.Equals(host.Id) && member.Status.IsDatasetHost)), "the hosts are known");
        ChunkCheck check = new(_dataset, Truth.Value.Cache, RandomNumberGenerator.Fill);
        ChunkIntake intake = new(Key, _dataset, _queue, check, TimeProvider.System);
        using CancellationTokenSource end = new();
        Task supply = asker.Cluster.Datasets.Supplier.SupplyAsync(intake, end.Token);
        await Wait.UntilAsync(() => supply.IsCompleted || _queue.IsDone, "all chunks are there");
        await end.CancelAsync();
        await supply.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(supply.IsCanceled, Is.True, supply.Exception?.ToString());
        Assert.That(_queue.RemoteItems, Is.EqualTo(Items));
    }

    private void AssertTrue()
    {
        byte[] expected = new byte[RandomXLibrary.DatasetItemSize * DatasetWorkers.ChunkItems];
        byte[] actual = new byte[expected.Length];
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            int size = _queue.ItemCount(chunk) * RandomXLibrary.DatasetItemSize;
            Truth.Value.Dataset.CopyItems(ChunkQueue.FirstItem(chunk), expected.AsSpan(0, size));
            _dataset.CopyItems(ChunkQueue.FirstItem(chunk), actual.AsSpan(0, size));
            Assert.That(actual.AsSpan(0, size).SequenceEqual(expected.AsSpan(0, size)), Is.True, $"chunk {chunk}");
        }
    }
}

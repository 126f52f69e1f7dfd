using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX;

[TestFixture]
public sealed class DatasetFileTests
{
    private const int SmallItems = 100;

    private static readonly Hash256 Key = new([.. Enumerable.Range(1, Hash256.Size).Select(i => (byte)i)]);
    private static readonly Hash256 OtherKey = new([.. Enumerable.Range(2, Hash256.Size).Select(i => (byte)i)]);

    private string _directory = null!;
    private RecordingLogger _log = null!;
    private RandomXDataset _dataset = null!;

    [SetUp]
    public void CreateDataset()
    {
        _directory = Directory.CreateTempSubdirectory("dataset-file-").FullName;
        _log = new RecordingLogger();
        _dataset = RandomXDataset.Allocate(PagePreference.Normal);
    }

    [TearDown]
    public void Clean()
    {
        _dataset.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Test]
    public async Task SavedDataset_IsLoadedByteForByte([Values(1, SmallItems, 2 * DatasetWorkers.ChunkItems + 3)] int items)
    {
        byte[] content = FillRandomly(items);
        DatasetFile file = File(items);
        Assert.That(await file.TrySaveAsync(Key, _dataset, [], CancellationToken.None), Is.True);
        using RandomXDataset loaded = RandomXDataset.Allocate(PagePreference.Normal);
        Assert.That(await Load(file, Key, loaded), Is.True);
        var bytes = new byte[content.Length];
        loaded.CopyItems(0, bytes);
        Assert.That(bytes.AsSpan().SequenceEqual(content), Is.True);
        Assert.That(_log.Problems, Is.Empty);
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { file.PathOf(Key) }), "no temporary file stays");
    }

    [Test]
    public async Task MissingFile_IsNoProblem()
    {
        Assert.That(await Load(File(SmallItems), Key, _dataset), Is.False);
        Assert.That(_log.Problems, Is.Empty);
    }

    [Test]
    public async Task FileOfAnotherKey_IsIgnored()
    {
        FillRandomly(SmallItems);
        DatasetFile file = File(SmallItems);
        await file.TrySaveAsync(Key, _dataset, [], CancellationToken.None);
        System.IO.File.Move(file.PathOf(Key), file.PathOf(OtherKey));
        Assert.That(await Load(file, OtherKey, _dataset), Is.False);
        Assert.That(_log.Problems.Single(), Does.Contain("another key").And.Not.Contain("\n"));
    }

    [Test]
    public async Task TruncatedFile_IsIgnored_AtEveryLength()
    {
        FillRandomly(SmallItems);
        DatasetFile file = File(SmallItems);
        await file.TrySaveAsync(Key, _dataset, [], CancellationToken.None);
        byte[] whole = await System.IO.File.ReadAllBytesAsync(file.PathOf(Key));
        for (int length = 0; length < whole.Length; length += 97)
        {
            await System.IO.File.WriteAllBytesAsync(file.PathOf(Key), whole[..length]);
            Assert.That(await Load(file, Key, _dataset), Is.False, $"{length} bytes");
        }
    }

    [Test]
    public async Task MutatedFiles_AreIgnored()
    {
        FillRandomly(SmallItems);
        DatasetFile file = File(SmallItems);
        await file.TrySaveAsync(Key, _dataset, [], CancellationToken.None);
        byte[] whole = await System.IO.File.ReadAllBytesAsync(file.PathOf(Key));
        var random = new Random(20_480);
        for (int round = 0; round < 2000; round++)
        {
            var mutated = (byte[])whole.Clone();
            int changes = random.Next(1, 4);
            for (int i = 0; i < changes; i++)
                mutated[random.Next(mutated.Length)] ^= (byte)random.Next(1, 256);
            if (mutated.AsSpan().SequenceEqual(whole))
                continue;
            await System.IO.File.WriteAllBytesAsync(file.PathOf(Key), mutated);
            Assert.That(await Load(file, Key, _dataset), Is.False, $"round {round}");
        }
        Assert.That(_log.Problems, Is.All.Not.Contain("\n"));
    }

    [Test]
    public async Task ForeignFile_IsIgnored()
    {
        DatasetFile file = File(SmallItems);
        var foreign = new byte[DatasetFileHeader.FileSize(SmallItems)];
        await System.IO.File.WriteAllBytesAsync(file.PathOf(Key), foreign);
        Assert.That(await Load(file, Key, _dataset), Is.False);
        Assert.That(_log.Problems.Single(), Does.Contain("not a dataset file"));
    }

    [Test]
    public async Task Save_DeletesFilesOfReplacedKeys_AndNoOthers()
    {
        FillRandomly(SmallItems);
        DatasetFile file = File(SmallItems);
        string mine = Path.Combine(_directory, "notes.txt");
        await System.IO.File.WriteAllTextAsync(mine, "keep");
        await file.TrySaveAsync(Key, _dataset, [], CancellationToken.None);
        await file.TrySaveAsync(OtherKey, _dataset, [Key], CancellationToken.None);
        Assert.That(Directory.GetFiles(_directory), Is.EquivalentTo(new[] { mine, file.PathOf(Key), file.PathOf(OtherKey) }));
        await file.TrySaveAsync(OtherKey, _dataset, [OtherKey], CancellationToken.None);
        Assert.That(Directory.GetFiles(_directory), Is.EquivalentTo(new[] { mine, file.PathOf(OtherKey) }));
    }

    [Test]
    public async Task CancelledSave_LeavesNothingBehind()
    {
        FillRandomly(SmallItems);
        DatasetFile file = File(RandomXLibrary.DatasetItemCount);
        using var stop = new CancellationTokenSource();
        Task saving = file.TrySaveAsync(Key, _dataset, [], stop.Token);
        await stop.CancelAsync();
        Assert.That(async () => await saving, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.GetFiles(_directory), Is.Empty);
    }

    [Test]
    public async Task UnwritableDirectory_IsOneWarning()
    {
        string blocked = Path.Combine(_directory, "file");
        await System.IO.File.WriteAllTextAsync(blocked, "");
        var file = new DatasetFile(Path.Combine(blocked, "sub"), _log, SmallItems);
        Assert.That(await file.TrySaveAsync(Key, _dataset, [], CancellationToken.None), Is.False);
        Assert.That(_log.Problems.Single(), Does.Contain("Cannot keep").And.Not.Contain("\n"));
    }

    private DatasetFile File(int items) => new(_directory, _log, items);

    private static Task<bool> Load(DatasetFile file, Hash256 key, RandomXDataset dataset) => file.TryLoadAsync(
        key, dataset, new DatasetWorkers(2, [], lowPriority: false, TimeProvider.System), progress: null, CancellationToken.None);

    private byte[] FillRandomly(int items)
    {
        var content = new byte[items * RandomXLibrary.DatasetItemSize];
        new Random(7).NextBytes(content);
        using DatasetItems bytes = _dataset.BorrowForWriting(0, items);
        content.CopyTo(bytes.Bytes);
        return content;
    }
}

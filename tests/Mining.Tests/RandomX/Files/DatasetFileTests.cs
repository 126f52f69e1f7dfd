using System.Diagnostics;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Files;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX.Files;

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
    public async Task SavedDataset_IsReadByteForByte(
        [Values(1, SmallItems, DatasetWorkers.ChunkItems, 2 * DatasetWorkers.ChunkItems + 3)] int items, [Values(0, 1 << 20, 1 << 30)] long spare)
    {
        byte[] content = FillRandomly(items);
        DatasetFile file = FileOf(items, spare: spare);
        Assert.That(await SaveAsync(file, Key), Is.True);
        Assert.That(Read(file, Key, items).AsSpan().SequenceEqual(content), Is.True);
        Assert.That(_log.Problems, Is.Empty);
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { file.PathOf(Key) }), "no temporary file stays");
    }

    [Test]
    public async Task SavedDataset_ReplacesAnEarlierFile_AndWhatAKilledProcessLeft()
    {
        byte[] content = FillRandomly(SmallItems);
        DatasetFile file = FileOf(SmallItems);
        await File.WriteAllTextAsync(file.PathOf(Key), "earlier");
        await File.WriteAllTextAsync(file.PathOf(Key) + DatasetFileWriter.TemporarySuffix, new string('x', 100_000));
        await File.WriteAllTextAsync(file.PathOf(OtherKey) + DatasetFileWriter.TemporarySuffix, "half");
        Assert.That(await SaveAsync(file, Key), Is.True);
        Assert.That(Read(file, Key), Is.EqualTo(content));
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { file.PathOf(Key) }));
    }

    [Test]
    public void UnfinishedFile_IsNotThere_AndLeavesNothing()
    {
        DatasetFile file = FileOf(SmallItems);
        using (DatasetFileWriter writer = new(file.PathOf(Key), Key, SmallItems, 0))
        {
            writer.Write(0, new ChunkBuffer());
            Assert.That(file.TryOpen(Key), Is.Null);
        }
        Assert.That(Directory.GetFiles(_directory), Is.Empty);
        Assert.That(_log.Problems, Is.Empty);
    }

    [Test]
    public void MissingFile_IsNoProblem()
    {
        Assert.That(FileOf(SmallItems).TryOpen(Key), Is.Null);
        Assert.That(_log.Problems, Is.Empty);
    }

    [TestCase(8, "its format is")]
    [TestCase(12, "another number of items")]
    [TestCase(16, "another key")]
    [TestCase(48, "another algorithm")]
    [TestCase(0, "not a dataset file")]
    public async Task FileOfAnotherKind_IsDeleted_AndTheLogSaysWhy(int offset, string reason)
    {
        FillRandomly(SmallItems);
        DatasetFile file = FileOf(SmallItems);
        await SaveAsync(file, Key);
        byte[] bytes = await File.ReadAllBytesAsync(file.PathOf(Key));
        bytes[offset] ^= 1;
        await File.WriteAllBytesAsync(file.PathOf(Key), bytes);
        Assert.That(file.TryOpen(Key), Is.Null);
        Assert.That(_log.Problems.Single(), Does.Contain(reason).And.Not.Contain("\n"));
        Assert.That(Directory.GetFiles(_directory), Is.Empty);
    }

    [Test]
    public async Task TruncatedFile_IsNotUsed_AtEveryLength()
    {
        FillRandomly(SmallItems);
        DatasetFile file = FileOf(SmallItems);
        await SaveAsync(file, Key);
        byte[] whole = await File.ReadAllBytesAsync(file.PathOf(Key));
        for (int length = 0; length < whole.Length; length += 97)
        {
            await File.WriteAllBytesAsync(file.PathOf(Key), whole[..length]);
            Assert.That(file.TryOpen(Key), Is.Null, $"{length} bytes");
        }
    }

    [Test]
    public async Task MutatedFiles_AreNoticed()
    {
        FillRandomly(SmallItems);
        DatasetFile file = FileOf(SmallItems);
        await SaveAsync(file, Key);
        byte[] whole = await File.ReadAllBytesAsync(file.PathOf(Key));
        var random = new Random(20_480);
        for (int round = 0; round < 2000; round++)
        {
            var mutated = (byte[])whole.Clone();
            int changes = random.Next(1, 4);
            for (int i = 0; i < changes; i++)
                mutated[random.Next(mutated.Length)] ^= (byte)random.Next(1, 256);
            if (mutated.AsSpan().SequenceEqual(whole))
                continue;
            await File.WriteAllBytesAsync(file.PathOf(Key), mutated);
            Assert.That(Read(file, Key), Is.Null, $"round {round}");
        }
        Assert.That(_log.Problems, Is.All.Not.Contain("\n"));
    }

    [Test]
    public async Task Save_DeletesFilesOfReplacedKeys_AndNoOthers()
    {
        FillRandomly(SmallItems);
        DatasetFile file = FileOf(SmallItems);
        string mine = Path.Combine(_directory, "notes.txt");
        await File.WriteAllTextAsync(mine, "keep");
        await SaveAsync(file, Key);
        await SaveAsync(file, OtherKey, Key);
        Assert.That(Directory.GetFiles(_directory), Is.EquivalentTo(new[] { mine, file.PathOf(Key), file.PathOf(OtherKey) }));
        await SaveAsync(file, OtherKey, OtherKey);
        Assert.That(Directory.GetFiles(_directory), Is.EquivalentTo(new[] { mine, file.PathOf(OtherKey) }));
        DatasetFile.DeleteAll(_directory);
        Assert.That(Directory.GetFiles(_directory), Is.EquivalentTo(new[] { mine }));
    }

    [Test]
    public async Task CancelledSave_LeavesNothingBehind()
    {
        FillRandomly(SmallItems);
        DatasetFile file = FileOf(RandomXLibrary.DatasetItemCount);
        using var stop = new CancellationTokenSource();
        Task saving = SaveAsync(file, Key, stop.Token);
        await stop.CancelAsync();
        Assert.That(async () => await saving, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.GetFiles(_directory), Is.Empty);
    }

    [Test]
    public async Task UnwritableDirectory_IsOneWarning()
    {
        string blocked = Path.Combine(_directory, "file");
        await File.WriteAllTextAsync(blocked, "");
        Assert.That(await SaveAsync(FileOf(SmallItems, Path.Combine(blocked, "sub")), Key), Is.False);
        Assert.That(_log.Problems.Single(), Does.Contain("Cannot keep").And.Not.Contain("\n"));
    }

    [Test]
    public async Task WithoutTheReserve_NothingIsWritten()
    {
        DatasetFile file = FileOf(SmallItems, reserve: 1L << 60);
        Assert.That(await SaveAsync(file, Key), Is.False);
        Assert.That(_log.Problems.Single(), Does.Contain("MiB needed").And.Not.Contain("\n"));
        Assert.That(Directory.GetFiles(_directory), Is.Empty);
    }

    [Test]
    public async Task FullDisk_IsOneWarning_AndLeavesNothing()
    {
        string disk = Directory.CreateDirectory(Path.Combine(_directory, "disk")).FullName;
        if (Run("mount", "-t", "tmpfs", "-o", "size=1m", "p2p-miner-test", disk) != 0)
            Assert.Ignore("a file system of 1 MiB cannot be mounted here");
        try
        {
            // As if others had filled the disk after it was looked at.
            DatasetFile file = FileOf(2 * DatasetWorkers.ChunkItems, disk, reserve: -1L << 30);
            Assert.That(await SaveAsync(file, Key), Is.False);
            Assert.That(_log.Problems.Single(), Does.Contain("Cannot keep").And.Not.Contain("\n"));
            Assert.That(Directory.GetFiles(disk), Is.Empty);
        }
        finally
        {
            Run("umount", disk);
        }
    }

    private static int Run(string command, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }

    private DatasetFile FileOf(int items, string? directory = null, long reserve = 0, long spare = 0) =>
        new(directory ?? _directory, reserve, spare, _log, items);

    private Task<bool> SaveAsync(DatasetFile file, Hash256 key, params Hash256[] keep) =>
        file.TrySaveAsync(key, _dataset, keep, Workers(), CancellationToken.None);

    private Task<bool> SaveAsync(DatasetFile file, Hash256 key, CancellationToken cancellation) =>
        file.TrySaveAsync(key, _dataset, [], Workers(), cancellation);

    private static DatasetWorkers Workers() => new(2, [], lowPriority: false, TimeProvider.System);

    private static byte[]? Read(DatasetFile file, Hash256 key, int items = SmallItems)
    {
        using DatasetFileReader? reader = file.TryOpen(key);
        if (reader is null)
            return null;
        Lazy<ChunkBuffer> buffer = new(() => new ChunkBuffer());
        byte[] all = new byte[items * RandomXLibrary.DatasetItemSize];
        for (int chunk = 0; chunk < DatasetWorkers.ChunkCount(items); chunk++)
        {
            int first = chunk * DatasetFileHeader.ChunkBytes;
            if (!reader.TryRead(chunk, all.AsSpan(first, Math.Min(DatasetFileHeader.ChunkBytes, all.Length - first)), buffer))
                return null;
        }
        return all;
    }

    private byte[] FillRandomly(int items)
    {
        var content = new byte[items * RandomXLibrary.DatasetItemSize];
        new Random(7).NextBytes(content);
        using DatasetItems bytes = _dataset.BorrowForWriting(0, items);
        content.CopyTo(bytes.Bytes);
        return content;
    }
}

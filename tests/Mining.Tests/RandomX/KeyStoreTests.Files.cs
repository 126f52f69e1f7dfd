using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Files;

namespace P2PMiner.Mining.Tests.RandomX;

// Datasets on the disk.
public sealed partial class KeyStoreTests
{
    [Test]
    public async Task DatasetFile_IsWrittenAndUsedByTheNextStore()
    {
        await WithDirectoryAsync(async directory =>
        {
            await using (KeyStore first = Full(FewItems, directory: directory))
            {
                first.SetKeys(Keys[0], null);
                await UntilTrue(() => Directory.GetFiles(directory, "*.dataset").Length == 1);
            }
            await using KeyStore second = Full(FewItems, directory: directory);
            bool loading = false;
            second.StatusChanged += s => loading |= s.Keys.Any(k => k.Dataset == DatasetState.Loading);
            second.SetKeys(Keys[0], null);
            await Until(second, s => s.Keys[0].Dataset == DatasetState.Ready);
            Assert.That(loading, Is.True);
            AssertDataset(second, Keys[0]);
        });
    }

    [Test]
    public async Task WithMemoryForOne_NextDatasetIsKeptOnDisk_AndReadWhenItsKeyIsCurrent()
    {
        await WithDirectoryAsync(async directory =>
        {
            RecordingLogger log = new();
            await using (KeyStore store = Keeping(directory, log))
            {
                store.SetKeys(Keys[0], Keys[1]);
                await Until(store, s => s.Keys[1].IsKept);
                Assert.That(store.Status.Keys[1].Dataset, Is.EqualTo(DatasetState.None), "memory for one dataset only");
                Assert.That(Directory.GetFiles(directory), Has.Length.EqualTo(1), "the current key's was made too fast to be worth a file");
                bool loading = false;
                store.StatusChanged += s => loading |= s.Keys.Any(k => k.Key == Keys[1] && k.Dataset == DatasetState.Loading);
                store.SetKeys(Keys[1], Keys[2]);
                await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready && s.Keys[1].IsKept);
                Assert.That(loading, Is.True);
                AssertDataset(store, Keys[1]);
                Assert.That(Directory.GetFiles(directory), Has.Length.EqualTo(2));
                store.SetKeys(Keys[2], Keys[3]);
                await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready && s.Keys[1].IsKept);
                Assert.That(Directory.GetFiles(directory), Has.Length.EqualTo(2), "older ones go");
            }
            int ahead = log.Lines.Count(line => line.Contains("computed ahead", StringComparison.Ordinal));
            await using KeyStore next = Keeping(directory, log);
            next.SetKeys(Keys[2], Keys[3]);
            await Until(next, s => s.Keys[0].Dataset == DatasetState.Ready && s.Keys[1].IsKept);
            AssertDataset(next, Keys[2]);
            Assert.That(log.Lines.Count(line => line.Contains("computed ahead", StringComparison.Ordinal)), Is.EqualTo(ahead), "it was there");
            Assert.That(log.Problems, Is.Empty);
        });
    }

    [Test]
    public async Task DamagedFile_GivesTheRightDataset_AndIsDeleted()
    {
        await WithDirectoryAsync(async directory =>
        {
            RecordingLogger log = new();
            await using KeyStore store = Keeping(directory, log);
            store.SetKeys(Keys[0], Keys[1]);
            await Until(store, s => s.Keys[1].IsKept);
            string path = Directory.GetFiles(directory).Single();
            byte[] bytes = await File.ReadAllBytesAsync(path);
            for (int at = DatasetFileHeader.Size; at < bytes.Length; at += DatasetFileHeader.ChunkBytes)
                bytes[at] ^= 1;
            await File.WriteAllBytesAsync(path, bytes);
            store.SetKeys(Keys[1], null);
            await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
            AssertDataset(store, Keys[1]);
            Assert.That(store.Status.Keys[0].Progress.ItemsFromFile, Is.Zero);

            // Unless all chunks had been computed before one was read.
            Assert.That(log.Problems.IsEmpty || !File.Exists(path), Is.True, string.Join('\n', log.Problems));
        });
    }

    [Test]
    public async Task DoubtedDataset_IsMadeAgainWithoutItsFile_WhichGoes()
    {
        await WithDirectoryAsync(async directory =>
        {
            RecordingLogger log = new();
            await using KeyStore store = Keeping(directory, log);
            store.SetKeys(Keys[0], Keys[1]);
            await Until(store, s => s.Keys[1].IsKept);
            store.SetKeys(Keys[1], null);
            await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
            bool isFromFile = store.Status.Keys[0].Progress.ItemsFromFile > 0;
            store.DoubtDataset(Keys[1]);
            await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
            Assert.That(store.Status.Keys[0].Progress.ItemsFromFile == 0 || !isFromFile, Is.True);
            Assert.That(Directory.GetFiles(directory), Has.Length.EqualTo(isFromFile ? 0 : 1));
        });
    }

    [Test]
    public async Task KeyThatChangesWhileItsFileIsWritten_GetsItsDatasetAtOnce()
    {
        await WithDirectoryAsync(async directory =>
        {
            await using KeyStore store = Keeping(directory, new RecordingLogger(), items: 200 * DatasetWorkers.ChunkItems);
            store.SetKeys(Keys[0], Keys[1]);
            await UntilTrue(() => Directory.GetFiles(directory).Length > 0);
            store.SetKeys(Keys[1], null);
            await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
            AssertDataset(store, Keys[1]);
            Assert.That(Directory.GetFiles(directory, "*.tmp"), Is.Empty);
        });
    }

    [Test]
    public async Task WithoutADirectoryThatCanBeWritten_TheStoreGoesOn_AfterOneWarning()
    {
        await WithDirectoryAsync(async directory =>
        {
            string blocked = Path.Combine(directory, "file");
            await File.WriteAllTextAsync(blocked, "");
            RecordingLogger log = new();
            await using KeyStore store = Keeping(Path.Combine(blocked, "sub"), log);
            store.SetKeys(Keys[0], Keys[1]);
            await UntilTrue(() => !log.Problems.IsEmpty);
            store.SetKeys(Keys[1], null);
            await Until(store, s => s.Keys[0].Dataset == DatasetState.Ready);
            AssertDataset(store, Keys[1]);
            Assert.That(log.Problems, Has.Count.EqualTo(1));
        });
    }

    /// <summary>With memory for one, and an engine that computes ahead for the disk.</summary>
    private static KeyStore Keeping(string directory, RecordingLogger log, int items = FewItems) => new(
        Options(MemoryMode.Full) with { Engine = new ManagedEngine(), DatasetCacheDirectory = directory, IsDatasetCacheAutomatic = true },
        TimeProvider.System,
        log,
        items);

    private static async Task WithDirectoryAsync(Func<string, Task> test)
    {
        string directory = Directory.CreateTempSubdirectory("key-store-").FullName;
        try
        {
            await test(directory);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}

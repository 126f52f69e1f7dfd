using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Files;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX.Files;

/// <summary>Datasets of a few chunks, of which some come from a file and the others are computed meanwhile.</summary>
[TestFixture]
public sealed class FileSupplierTests
{
    private const int Chunks = 12;
    private const int Items = Chunks * DatasetWorkers.ChunkItems - 5;
    private const int Threads = 2;

    private static readonly Hash256 Key = new([.. Enumerable.Repeat((byte)7, Hash256.Size)]);

    private IRandomXCache _cache = null!;
    private IRandomXCache _native = null!;
    private byte[] _truth = null!;
    private string _directory = null!;
    private RecordingLogger _log = null!;
    private DatasetFile _file = null!;

    [OneTimeSetUp]
    public void MakeTruth()
    {
        _cache = new ManagedEngine().CreateCache(Key.ToArray(), PagePreference.Auto);
        _native = new NativeEngine().CreateCache(Key.ToArray(), PagePreference.Auto);
        using RandomXDataset dataset = RandomXDataset.AllocateOwn(PagePreference.Normal, Items);
        _cache.WriteItems(dataset, 0, Items);
        _truth = new byte[Items * RandomXLibrary.DatasetItemSize];
        dataset.CopyItems(0, _truth);
    }

    [OneTimeTearDown]
    public void DropTruth()
    {
        _cache.Dispose();
        _native.Dispose();
    }

    [SetUp]
    public async Task WriteFile()
    {
        _directory = Directory.CreateTempSubdirectory("file-supplier-").FullName;
        _log = new RecordingLogger();
        _file = new DatasetFile(_directory, 0, 3 << 20, _log, Items);
        DatasetWorkers workers = new(Threads, [], lowPriority: false, TimeProvider.System);
        Assert.That(await _file.TryComputeAsync(_cache, [], workers, CancellationToken.None), Is.True);
    }

    [TearDown]
    public void Clean() => Directory.Delete(_directory, recursive: true);

    /// <summary>The memory of engine native's datasets does not fit for reading past the system's cache.</summary>
    [Test]
    public async Task FileComputedAhead_BringsWhatIsNotComputed([Values] bool isNative)
    {
        (int fromFile, string? flaw) = await FillAsync(isNative);
        Assert.That(flaw, Is.Null);
        Assert.That(DatasetWorkers.ChunkCount(fromFile), Is.GreaterThanOrEqualTo(Chunks - Threads));
    }

    [Test]
    public async Task DamagedChunk_IsComputedInstead_AndTheFileNotUsedFurther()
    {
        Flip(DatasetFileHeader.OffsetOf(Chunks - 4) + 5000);
        (_, string? flaw) = await FillAsync();
        Assert.That(flaw, Is.EqualTo("it is damaged"));
    }

    /// <summary>Engine native computes items in their places only, where those of the file are.</summary>
    [Test]
    public async Task WrongItems_WhoseFingerprintIsRight_AreFound([Values] bool isNative)
    {
        string path = _file.PathOf(Key);
        File.Delete(path);
        using (DatasetFileWriter writer = new(path, Key, Items, 0))
        {
            ChunkBuffer buffer = new();
            for (int chunk = 0; chunk < Chunks; chunk++)
            {
                _truth.AsSpan(chunk * DatasetFileHeader.ChunkBytes, Math.Min(DatasetFileHeader.ChunkBytes, _truth.Length - chunk * DatasetFileHeader.ChunkBytes)).CopyTo(buffer.Bytes);
                for (int i = 0; i < buffer.Bytes.Length; i += 4 * RandomXLibrary.DatasetItemSize)
                    buffer.Bytes[i] ^= 1;
                writer.Write(chunk, buffer);
            }
            writer.Commit();
        }
        (int fromFile, string? flaw) = await FillAsync(isNative);
        Assert.That(flaw, Is.EqualTo("items in it are wrong"));
        Assert.That(fromFile, Is.Zero);
    }

    [Test]
    public async Task FileThatEnds_IsNotUsedFurther()
    {
        using DatasetFileReader reader = _file.TryOpen(Key)!;
        using (FileStream stream = new(_file.PathOf(Key), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(DatasetFileHeader.Size);
        (int fromFile, string? flaw) = await FillAsync(reader);
        Assert.That(flaw, Does.Contain("ended early"));
        Assert.That(fromFile, Is.Zero);
    }

    private async Task<(int FromFile, string? Flaw)> FillAsync(bool isNative = false)
    {
        using DatasetFileReader reader = _file.TryOpen(Key)!;
        return await FillAsync(reader, isNative);
    }

    /// <summary>Fills a dataset, which must be right in any case; computing begins when the file has brought all that it can, or is done with.</summary>
    private async Task<(int FromFile, string? Flaw)> FillAsync(DatasetFileReader reader, bool isNative = false)
    {
        FileSupplier supplier = new(reader);
        DatasetBuilder builder = new(Threads, [new NumaNodeCpus(0, [])], TimeProvider.System);
        using RandomXDataset dataset = isNative
            ? RandomXDataset.Allocate(PagePreference.Normal)
            : RandomXDataset.AllocateOwn(PagePreference.Normal, Items);
        using LateCache cache = new(isNative ? _native : _cache, Chunks - Threads, () => supplier.Flaw is not null);
        int fromFile = await builder.FillAsync(dataset, cache, Items, lowPriority: false, supplier, progress: null, CancellationToken.None);
        byte[] bytes = new byte[_truth.Length];
        dataset.CopyItems(0, bytes);
        Assert.That(bytes.AsSpan().SequenceEqual(_truth), Is.True, "the dataset");
        return (fromFile, supplier.Flaw);
    }

    private void Flip(long offset)
    {
        using FileStream stream = new(_file.PathOf(Key), FileMode.Open, FileAccess.ReadWrite);
        stream.Position = offset;
        int value = stream.ReadByte();
        stream.Position = offset;
        stream.WriteByte((byte)(value ^ 1));
    }
}

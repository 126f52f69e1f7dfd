using System.Globalization;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.Tests.RandomX;

/// <summary>
/// The test that builds a whole dataset, with all that can only be seen on a whole one. `make bench` builds one with librandomx as well.
/// </summary>
[TestFixture]
public sealed class FullDatasetTests
{
    private const long OneDataset = 3L << 30;
    private const long TwoDatasets = 6L << 30;
    private const int Hashes = 8;

    private static readonly Hash256 Key = new([.. Enumerable.Range(100, Hash256.Size).Select(i => (byte)i)]);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(8);

    private CancellationTokenSource _deadline = null!;
    private RecordingLogger _log = null!;
    private string _directory = null!;

    [SetUp]
    public void Prepare()
    {
        _deadline = new CancellationTokenSource(Deadline);
        _log = new RecordingLogger();
        _directory = Directory.CreateTempSubdirectory("full-dataset-").FullName;
    }

    [TearDown]
    public void Clean()
    {
        _deadline.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Test]
    public async Task FullDataset_IsBuiltCopiedAndSaved_AndLoadedByTheOtherEngine_AndHashesAsTheCacheDoes()
    {
        HardwareInfo machine = HardwareProbe.Read();
        long available = Math.Min(machine.Memory.AvailableBytes ?? 0, machine.Limits.MemoryAvailableBytes ?? long.MaxValue);
        if (available < OneDataset)
            Assert.Ignore($"{available >> 20} MiB are available, a dataset needs {OneDataset >> 20}");
        // A machine with one NUMA node pretends to have two, where two datasets fit.
        NumaNodeCpus[] nodes = available < TwoDatasets
            ? [new NumaNodeCpus(0, [])]
            : [new NumaNodeCpus(0, [0]), new NumaNodeCpus(1, [Environment.ProcessorCount - 1])];
        bool roomForFile = new DriveInfo(_directory).AvailableFreeSpace > OneDataset;
        byte[][] expected;

        await using (KeyStore store = Store(new ManagedEngine(Options()), nodes))
        {
            store.SetKeys(Key, null);
            await store.WaitForCacheAsync(Key, _deadline.Token);
            using (IHasher? light = store.TryCreateVm(Key, 0, out bool isFull))
            {
                Assert.That(isFull, Is.False);
                expected = HashAll(light!);
            }
            KeyStatus built = await UntilReadyAsync(store);
            AssertHashes(store, nodes, expected);
            AssertPages(built, nodes.Length);
            TestContext.Out.WriteLine($"built in {built.DatasetTime}, {built.Progress.ItemsPerSecond:F0} items/s, {built.DatasetPages} pages");
            await UntilTrueAsync(() => !roomForFile || Directory.GetFiles(_directory, "*.dataset").Length == 1);
        }
        if (!roomForFile)
            return;

        await using (KeyStore store = Store(new NativeEngine(), [new NumaNodeCpus(0, [])]))
        {
            bool loading = false;
            store.StatusChanged += s => loading |= s.Keys.Any(k => k.Dataset == DatasetState.Loading);
            store.SetKeys(Key, null);
            KeyStatus loaded = await UntilReadyAsync(store);
            Assert.That(loading, Is.True);
            AssertHashes(store, [new NumaNodeCpus(0, [])], expected);
            TestContext.Out.WriteLine($"loaded in {loaded.DatasetTime}, {loaded.DatasetPages} pages");
        }
        Assert.That(_log.Problems, Is.Empty);
    }

    // librandomx's machine takes part, so its hashes on a dataset of the other's are compared too.
    private ManagedEngineOptions Options() =>
        new() { Threads = 2, Rival = new NativeEngine(), CalibrationFile = Path.Combine(_directory, "calibration.json"), Log = _log };

    private KeyStore Store(IRandomXEngine engine, IReadOnlyList<NumaNodeCpus> nodes) => new(
        new KeyStoreOptions
        {
            Memory = MemoryMode.Full,
            Engine = engine,
            BuilderThreads = Environment.ProcessorCount,
            Nodes = nodes,
            DatasetCacheDirectory = _directory,
        },
        TimeProvider.System,
        _log,
        RandomXLibrary.DatasetItemCount);

    private async Task<KeyStatus> UntilReadyAsync(KeyStore store)
    {
        await UntilTrueAsync(() => store.Status.Keys[0].Dataset is DatasetState.Ready or DatasetState.Failed);
        return store.Status.Keys[0];
    }

    private async Task UntilTrueAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(20, _deadline.Token);
    }

    private static void AssertHashes(KeyStore store, IReadOnlyList<NumaNodeCpus> nodes, byte[][] expected)
    {
        foreach (NumaNodeCpus node in nodes)
        {
            using IHasher? full = store.TryCreateVm(Key, node.Node, out bool isFull);
            Assert.That(isFull, Is.True);
            Assert.That(HashAll(full!), Is.EqualTo(expected), $"node {node.Node}");
            HashPipelined(full!, 2);
            long before = GC.GetAllocatedBytesForCurrentThread();
            HashPipelined(full!, 200);
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero, "bytes allocated in 200 hashes");
        }
    }

    /// <summary>What is reported is what the kernel gave; how much it can give depends on how fragmented its memory is.</summary>
    private static void AssertPages(KeyStatus status, int datasets)
    {
        const string Rollup = "/proc/self/smaps_rollup";
        const long PagesAtTheEnds = 64L << 20;
        if (status.DatasetPages == PageKind.Huge || !File.Exists(Rollup))
            return;
        string line = File.ReadLines(Rollup).Single(l => l.StartsWith("AnonHugePages:", StringComparison.Ordinal));
        long transparent = long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
        TestContext.Out.WriteLine($"{transparent >> 20} MiB in transparent huge pages, {datasets} datasets");
        if (transparent >= datasets * RandomXLibrary.DatasetSize - PagesAtTheEnds)
            Assert.That(status.DatasetPages, Is.EqualTo(PageKind.Transparent));
        else if (transparent < RandomXLibrary.DatasetSize / 2)
            Assert.That(status.DatasetPages, Is.EqualTo(PageKind.Normal));
    }

    private static byte[][] HashAll(IHasher vm)
    {
        var hashes = new byte[Hashes][];
        for (int i = 0; i < Hashes; i++)
        {
            hashes[i] = new byte[RandomXLibrary.HashSize];
            vm.CalculateHash([(byte)i], hashes[i]);
        }
        return hashes;
    }

    private static void HashPipelined(IHasher vm, int count)
    {
        Span<byte> inputs = stackalloc byte[76 * vm.Lanes];
        Span<byte> hashes = stackalloc byte[RandomXLibrary.HashSize * vm.Lanes];
        inputs.Clear();
        vm.First(inputs);
        for (int i = 0; i < count; i += vm.Lanes)
        {
            inputs[39] = (byte)i;
            vm.Next(inputs, hashes);
        }
    }
}

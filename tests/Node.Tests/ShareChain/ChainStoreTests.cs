using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

public class ChainStoreTests
{
    private TemporaryDirectory _directory = null!;

    [SetUp]
    public void CreateDirectory() => _directory = new TemporaryDirectory();

    [TearDown]
    public void RemoveDirectory() => _directory.Dispose();

    private string LogPath => _directory.File($"chain/{Genesis.Of("test").Id}.log");

    [Test]
    public void Chain_IsTheSameAfterARestart()
    {
        ShareTree before = TestChain.NewTree();
        using (Open(before))
        {
            TestChain.Grow(before, 20);
            Link side = TestChain.Extend(before, before.AtHeight(15)!, extraNonce: 1);
            TestChain.Extend(before, side, extraNonce: 1);
            Share monero = TestChain.MoneroShare(TestChain.ChildHeader(before.Tip) with { Key = TestChain.MoneroKey });
            Assert.That(before.Add(monero, monero.Header.Timestamp).Status, Is.EqualTo(AddStatus.NewTip));
        }

        ShareTree after = Reload();
        Assert.That(after.Tip.Id, Is.EqualTo(before.Tip.Id));
        Assert.That(Ids(after), Is.EqualTo(Ids(before)));
    }

    [Test]
    public void Chain_GoesOnAfterARestart()
    {
        for (int run = 0; run < 5; run++)
        {
            ShareTree tree = TestChain.NewTree();
            using ChainStore store = Open(tree);
            Assert.That(tree.Tip.Height, Is.EqualTo(3 * run));
            TestChain.Grow(tree, 3);
        }
        Assert.That(Reload().Tip.Height, Is.EqualTo(15));
    }

    [Test]
    public void CutAtEveryOffsetOfTheLastLinks_LosesNoCompleteOne()
    {
        byte[] whole = StoreChain(links: 6);
        int recordSize = (whole.Length - LogFormat.HeaderSize) / 6;
        for (int length = whole.Length - 3 * recordSize; length < whole.Length; length++)
        {
            File.WriteAllBytes(LogPath, whole[..length]);
            ulong complete = (ulong)((length - LogFormat.HeaderSize) / recordSize);

            ShareTree tree = TestChain.NewTree();
            using (Open(tree))
            {
                Assert.That(tree.Tip.Height, Is.EqualTo(complete), $"cut at {length}");
                TestChain.Grow(tree, 1);
            }
            Assert.That(Reload().Tip.Height, Is.EqualTo(complete + 1), $"cut at {length}");
        }
        Assert.That(DamagedFiles(), Is.Empty);
    }

    [Test]
    public void DamagedLink_CostsWhatBuildsOnIt_AndNothingElse()
    {
        byte[] whole = StoreChain(links: 6);
        int recordSize = (whole.Length - LogFormat.HeaderSize) / 6;
        for (int offset = LogFormat.HeaderSize; offset < whole.Length; offset += 7)
        {
            byte[] damaged = [.. whole];
            damaged[offset] ^= 0x40;
            File.WriteAllBytes(LogPath, damaged);
            ulong before = (ulong)((offset - LogFormat.HeaderSize) / recordSize);

            ShareTree tree = TestChain.NewTree();
            using (Open(tree))
            {
                Assert.That(tree.Tip.Height, Is.EqualTo(before), $"flipped at {offset}");
                TestChain.Grow(tree, 1);
            }
            Assert.That(Reload().Tip.Height, Is.EqualTo(before + 1), $"flipped at {offset}");
        }
        Assert.That(DamagedFiles(), Is.Not.Empty);
    }

    [Test]
    public void LinksOnAnotherBranch_SurviveDamage()
    {
        ShareTree tree = TestChain.NewTree();
        using (Open(tree))
        {
            Link root = tree.Tip;
            TestChain.Extend(tree, root, extraNonce: 1);
            Link second = TestChain.Extend(tree, root, extraNonce: 2);
            TestChain.Extend(tree, second, extraNonce: 2);
        }
        byte[] file = File.ReadAllBytes(LogPath);
        file[LogFormat.HeaderSize + 50] ^= 1;
        File.WriteAllBytes(LogPath, file);

        Assert.That(Reload().Tip.Height, Is.EqualTo(2));
        Assert.That(Reload().Count, Is.EqualTo(3));
    }

    [Test]
    public void Record_WithAGoodChecksumButABadLink_IsNotBelieved()
    {
        StoreChain(links: 2);
        ShareTree tree = Reload();
        Share cheap = Share.Embedded(TestChain.ChildHeader(tree.Tip) with { Difficulty = 1 }, 0);
        using (ShareLog log = ShareLog.Open(LogPath, tree.GenesisId, _ => true, NullLogger.Instance))
            log.Append([0, .. ShareCodec.Encode(cheap)]);

        Assert.That(Reload().Tip.Height, Is.EqualTo(2));
        Assert.That(DamagedFiles(), Has.Length.EqualTo(1));
    }

    [Test]
    public void MutatedFiles_GiveAValidChain()
    {
        var random = new Random(20260103);
        byte[] whole = StoreChain(links: 8);
        var known = Ids(Reload()).ToHashSet();
        for (int i = 0; i < 2000; i++)
        {
            File.WriteAllBytes(LogPath, Mutation.Of(whole, random));
            ShareTree tree = Reload();
            Assert.That(known.IsSupersetOf(Ids(tree)), $"mutation {i}");
            Assert.That(tree.Tip.Height + 1, Is.EqualTo((ulong)tree.Count), $"mutation {i}");
        }
    }

    [Test]
    public void Clusters_HaveFilesOfTheirOwn()
    {
        ShareTree home = TestChain.NewTree("home");
        using (Open(home))
            TestChain.Grow(home, 3);
        ShareTree office = TestChain.NewTree("office");
        using (Open(office))
            Assert.That(office.Tip.Height, Is.Zero);

        ShareTree again = TestChain.NewTree("home");
        using (Open(again))
            Assert.That(again.Tip.Height, Is.EqualTo(3));
    }

    [Test]
    public void Uncles_AreThereAfterARestart()
    {
        ShareTree before = TestChain.NewTree();
        using (Open(before))
        {
            TestChain.Grow(before, 5);
            TestChain.Extend(before, before.AtHeight(3)!, extraNonce: 1);
            Share share = before.NextTemplate(TestChain.Alice, before.Tip.Timestamp).ToShare(0, 0);
            Assert.That(share.Header.Uncles, Has.Count.EqualTo(1));
            Assert.That(before.AddVerified(share, share.Header.Timestamp).Status, Is.EqualTo(AddStatus.NewTip));
        }
        ShareTree after = Reload();
        Assert.That(after.Tip.Id, Is.EqualTo(before.Tip.Id));
        Assert.That(after.Count, Is.EqualTo(before.Count));
    }

    /// <summary>The header as version 1 wrote it.</summary>
    [Test]
    public void LogOfAnEarlierVersion_IsKeptAside_WithAWord()
    {
        Directory.CreateDirectory(_directory.File("chain"));
        byte[] header = [.. "P2PSHARE"u8, 1, 0, 0, 0, .. Genesis.Of("test").Id.ToArray()];
        byte[] old = [.. header, .. BitConverter.GetBytes(LogFormat.Checksum(header)), 1, 2, 3];
        string path = _directory.File("chain/83dfeeb118a4a9bccdeffdaf5f792b0937d3a22a88917dafbe59ffcdc1fc9839.log");
        for (int i = 0; i < 2; i++)
        {
            File.WriteAllBytes(path, old);
            var logger = new RecordingLogger();
            using (ChainStore store = ChainStore.Open(_directory.Path, TestChain.NewTree(), TimeProvider.System, logger))
                Assert.That(logger.Messages, Has.Count.EqualTo(1).And.Some.Contains("of version 1").And.Some.Contains("kept as"));
        }
        Assert.That(File.Exists(path), Is.False);
        Assert.That(File.ReadAllBytes(path + ".version-1"), Is.EqualTo(old));
        Assert.That(File.ReadAllBytes(path + ".version-1-2"), Is.EqualTo(old));
    }

    [Test]
    public void SecondProcess_IsToldWhatToDo()
    {
        using ChainStore first = Open(TestChain.NewTree());

        Assert.That(
            () => Open(TestChain.NewTree()),
            Throws.TypeOf<IOException>().With.Message.EqualTo(
                $"data directory {_directory.Path} is in use by another p2p-miner: stop that one, or choose another with --data-dir"));
    }

    [Test]
    public void DataDirectory_IsFreeAfterDispose()
    {
        Open(TestChain.NewTree()).Dispose();

        Assert.That(() => Open(TestChain.NewTree()).Dispose(), Throws.Nothing);
    }

    [Test]
    public void DataDirectory_IsFreeAfterAFailedOpen()
    {
        Directory.CreateDirectory(LogPath);

        Assert.That(() => Open(TestChain.NewTree()), Throws.InstanceOf<Exception>());
        Directory.Delete(LogPath);
        Assert.That(() => Open(TestChain.NewTree()).Dispose(), Throws.Nothing);
    }

    [Test]
    public void PrunedChain_IsTheSameAfterCompactionAndRestart()
    {
        ShareTree before = TestChain.NewTree();
        using (Open(before))
        {
            for (long size = 0; new FileInfo(LogPath).Length > size;)
            {
                size = new FileInfo(LogPath).Length;
                TestChain.Grow(before, 1000);
            }
        }
        Assert.That(before.Root.Height, Is.GreaterThan(0).And.EqualTo(before.Root.Height / 2048 * 2048));
        Assert.That(new FileInfo(LogPath).Length, Is.LessThan(ChainStore.MinCompactionSize / 2));

        ShareTree after = TestChain.NewTree();
        using (Open(after))
        {
            Assert.That(after.Root.Height, Is.GreaterThan(0));
            Assert.That(after.Tip.Id, Is.EqualTo(before.Tip.Id));
            TestChain.Grow(after, 2500);
            TestChain.Grow(before, 2500);
        }
        Assert.That(after.Tip.Id, Is.EqualTo(before.Tip.Id), "keys and difficulties go on alike");
        Assert.That(Reload().Tip.Id, Is.EqualTo(before.Tip.Id));
    }

    [Test]
    [Platform("Linux")]
    public void FullDisk_CostsNoLinkOnceThereIsSpaceAgain()
    {
        if (!Mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", _directory.Path))
            Assert.Ignore("needs the right to mount a small file system");
        try
        {
            var logger = new RecordingLogger();
            ShareTree tree = TestChain.NewTree();
            using (ChainStore.Open(_directory.Path, tree, TimeProvider.System, logger))
            {
                TestChain.Grow(tree, 1000);
                Assert.That(logger.Messages, Has.Count.EqualTo(1).And.Some.Contains("cannot be written"));
                Assert.That(Mount("-o", "remount,size=4m", _directory.Path));
                TestChain.Grow(tree, 1);
                Assert.That(logger.Messages, Has.Count.EqualTo(2).And.Some.Contains("complete again"));
                TestChain.Grow(tree, 1);
            }
            Assert.That(Reload().Tip.Height, Is.EqualTo(1002));
        }
        finally
        {
            Run("umount", _directory.Path);
        }
    }

    private ChainStore Open(ShareTree tree) => ChainStore.Open(_directory.Path, tree, TimeProvider.System, NullLogger.Instance);

    private ShareTree Reload()
    {
        ShareTree tree = TestChain.NewTree();
        Open(tree).Dispose();
        return tree;
    }

    private byte[] StoreChain(int links)
    {
        ShareTree tree = TestChain.NewTree();
        using (Open(tree))
            TestChain.Grow(tree, links);
        return File.ReadAllBytes(LogPath);
    }

    private static IEnumerable<string> Ids(ShareTree tree) => tree.Export().Select(link => link.Id.ToString());

    private string[] DamagedFiles() => Directory.GetFiles(_directory.File("chain"), "*.damaged-*");

    private static bool Mount(params string[] arguments) => Run("mount", arguments);

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private sealed class RecordingLogger : ILogger
    {
        public List<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Messages.Add(formatter(state, exception));
    }
}

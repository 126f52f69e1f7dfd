using Microsoft.Extensions.Logging;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Dht;
using P2PMiner.P2P.Dht.Upkeep;

namespace P2PMiner.P2P.Tests.Dht.Upkeep;

public sealed class TableFileTests
{
    private static readonly Multiaddr Address = Multiaddr.Parse("/ip4/192.168.1.2/tcp/9999");

    private string _folder = null!;
    private string _path = null!;
    private LogLines _log = null!;

    [SetUp]
    public void SetUp()
    {
        _folder = Directory.CreateTempSubdirectory("dht-table").FullName;
        _path = Path.Combine(_folder, "sub", "table.json");
        _log = new LogLines();
    }

    [TearDown]
    public void TearDown() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Table_ComesBackAsSaved_AndLeavesNoDraft()
    {
        DhtPeer[] peers = [.. Enumerable.Range(1, 50).Select(i => new DhtPeer(TestPeers.Peer(i), [Address]))];
        TableFile file = new(_path, _log);
        file.Save(peers);
        file.Save(peers);

        IReadOnlyList<DhtPeer> loaded = file.Load();

        Assert.That(loaded.Select(peer => peer.Peer), Is.EqualTo(peers.Select(peer => peer.Peer)));
        Assert.That(loaded.Select(peer => peer.Addresses.Single()), Is.All.EqualTo(Address));
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(_path)!), Has.Length.EqualTo(1));
        Assert.That(_log.Lines, Is.Empty);
    }

    [Test]
    public void Table_IsBounded()
    {
        Multiaddr[] addresses = [.. Enumerable.Range(1, 20).Select(port => Multiaddr.Parse($"/ip4/127.0.0.1/tcp/{port}"))];
        TableFile file = new(_path, _log);
        file.Save(Enumerable.Range(1, 2000).Select(i => new DhtPeer(TestPeers.Peer(i), i == 1 ? [] : addresses)));

        IReadOnlyList<DhtPeer> loaded = file.Load();

        Assert.That(loaded, Has.Count.EqualTo(TableFile.MaxPeers));
        Assert.That(loaded.Select(peer => peer.Addresses.Count), Is.All.EqualTo(TableFile.MaxAddresses));
        Assert.That(new FileInfo(_path).Length, Is.LessThan(TableFile.MaxSize));
    }

    [Test]
    public void MissingFile_IsNoDamage()
    {
        Assert.That(new TableFile(_path, _log).Load(), Is.Empty);
        Assert.That(_log.Lines, Is.Empty);
    }

    [TestCase("")]
    [TestCase("not json")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"version":2,"peers":[]}""")]
    [TestCase("""{"version":1.5,"peers":[]}""")]
    [TestCase("""{"version":1,"peers":{}}""")]
    [TestCase("""{"version":1,"peers":[1]}""")]
    [TestCase("""{"version":1,"peers":[{}]}""")]
    [TestCase("""{"version":1,"peers":[{"id":"12D3KooW","addresses":[]}]}""")]
    [TestCase("""{"version":1,"peers":[{"id":"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp","addresses":["nowhere"]}]}""")]
    [TestCase("""{"version":1,"peers":[{"id":"12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp","addresses":[5]}]}""")]
    [TestCase("""{"version":1,"peers":[{"id":5,"addresses":[]}]}""")]
    public void DamagedFile_IsIgnoredWithALineInTheLog(string content)
    {
        Write(content);

        Assert.That(new TableFile(_path, _log).Load(), Is.Empty);
        Assert.That(_log.Lines, Has.Count.EqualTo(1));
        Assert.That(_log.Lines[0], Does.Contain(_path).And.Not.Contain("\n"));
    }

    [Test]
    public void OverlongFile_IsIgnoredUnread()
    {
        Write(new string(' ', TableFile.MaxSize + 1));

        Assert.That(new TableFile(_path, _log).Load(), Is.Empty);
        Assert.That(_log.Lines, Has.Count.EqualTo(1));
    }

    [Test]
    public void EveryCutAndManyMutations_AreIgnoredOrRead_NeverThrown()
    {
        TableFile file = new(_path, _log);
        file.Save([new DhtPeer(TestPeers.Peer(1), [Address]), new DhtPeer(TestPeers.Peer(2), [Address])]);
        byte[] whole = File.ReadAllBytes(_path);
        Random random = new(1);
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = [.. whole.Take(i < whole.Length ? i : whole.Length)];
            if (damaged.Length == whole.Length)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(_path, damaged);
            Assert.That(file.Load(), Has.Count.LessThanOrEqualTo(2));
        }
    }

    [Test]
    public void FolderThatCannotBeWritten_IsALineInTheLog()
    {
        File.WriteAllText(Path.Combine(_folder, "sub"), "a file where the folder should be");
        new TableFile(_path, _log).Save([new DhtPeer(TestPeers.Peer(1), [Address])]);

        Assert.That(_log.Lines, Has.Count.EqualTo(1));
    }

    private void Write(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        File.WriteAllText(_path, content);
    }

    private sealed class LogLines : ILogger
    {
        internal List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}

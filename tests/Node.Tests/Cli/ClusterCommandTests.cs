using P2PMiner.Node.Cli;
using P2PMiner.Node.Cluster;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Tests.ShareChain;
using P2PMiner.P2P.PrivateNetwork;

namespace P2PMiner.Node.Tests.Cli;

[TestFixture]
internal sealed class ClusterCommandTests
{
    [Test]
    public async Task New_PrintsTheKeyAlone_AndExplainsOnStderr()
    {
        CliRun run = await CliRun.Of(["cluster", "new"]);
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(() => PreSharedKey.Parse(run.Output), Throws.Nothing);
        Assert.That(run.Error, Does.Contain("--cluster-key"));
    }

    [Test]
    public async Task New_WritesAFileForItsOwnerOnly_AndNeverOverAnother()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("cluster.key");
        CliRun run = await CliRun.Of(["cluster", "new", path]);
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.Contain($"--cluster-key {path}"));
        byte[] key = ClusterKeyFile.Read(path).Bytes.ToArray();
        CliRun again = await CliRun.Of(["cluster", "new", path]);
        Assert.That(again.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(again.Error.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
        Assert.That(ClusterKeyFile.Read(path).Bytes.ToArray(), Is.EqualTo(key));
    }

    [Test]
    public void KeyFile_MissingDamagedOrOpenToOthers_IsALineThatSaysWhatToDo()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("cluster.key");
        Assert.That(() => ClusterKeyFile.Read(path), Throws.TypeOf<UsageException>().With.Message.Contains(path));
        ClusterKeyFile.Write(path, PreSharedKey.Generate());
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
            Assert.That(() => ClusterKeyFile.Read(path), Throws.TypeOf<UsageException>().With.Message.Contains("chmod 600"));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        File.WriteAllText(path, "/key/swarm/psk/1.0.0/\n/base16/\n00\n");
        Assert.That(() => ClusterKeyFile.Read(path), Throws.TypeOf<UsageException>().With.Message.Contains("64 hexadecimal digits"));
    }

    [TestCase("--port 65536", "--port: '65536' is no port")]
    [TestCase("--port 1 --listen /ip4/0.0.0.0/tcp/2", "--port and --listen exclude each other")]
    [TestCase("--listen 0.0.0.0:9999", "is no address to listen on")]
    [TestCase("--connect somewhere", "is neither HOST:PORT")]
    [TestCase("--connect 1.2.3.4:0", "is neither HOST:PORT")]
    [TestCase("--connect /ip4/1.2.3.4/udp/9999", "is neither HOST:PORT")]
    [TestCase("--cluster a/b", "is no cluster name")]
    [TestCase("cluster", "see 'p2p-miner cluster --help'")]
    public async Task BadOptions_AreOneLine(string line, string expected)
    {
        CliRun run = await CliRun.Of(line.Split(' '));
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain(expected));
        Assert.That(run.Error.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
    }

    [TestCase("192.168.1.7:9999", "/ip4/192.168.1.7/tcp/9999")]
    [TestCase("[fd00::1]:9999", "/ip6/fd00::1/tcp/9999")]
    [TestCase("localhost:1", "/ip4/127.0.0.1/tcp/1")]
    [TestCase("miner.home:9999", "/dns/miner.home/tcp/9999")]
    [TestCase("/dns4/miner.home/tcp/9999", "/dns4/miner.home/tcp/9999")]
    public void Connect_TakesHostAndPortOrAMultiaddr(string text, string expected) =>
        Assert.That(OptionText.PeerAddress(text).ToString(), Is.EqualTo(expected));
}

using System.Net;
using Microsoft.Extensions.Logging;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Tests.Configuration;

[TestFixture]
internal sealed class OptionResolverTests
{
    private const string Wallet = "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A";

    private string _directory = null!;

    [SetUp]
    public void SetUp() => _directory = Directory.CreateTempSubdirectory("p2p-miner-config-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Command_line_wins_then_environment_then_file_then_default()
    {
        string file = Write("""{ "threads": 1, "memory": "light", "cluster": "from-file" }""");
        ResolvedOptions resolved = Resolve(
            new() { ["threads"] = ["3"] },
            new() { ["P2P_MINER_THREADS"] = "2", ["P2P_MINER_MEMORY"] = "full" },
            file);
        Assert.That(resolved.Options.Threads, Is.EqualTo(3));
        Assert.That(resolved.Options.Memory, Is.EqualTo(MemoryRequest.Full));
        Assert.That(resolved.Options.Cluster, Is.EqualTo("from-file"));
        Assert.That(resolved.Options.Engine, Is.EqualTo(EngineKind.Auto));
        Assert.That(Origin(resolved, "threads"), Is.EqualTo("command line"));
        Assert.That(Origin(resolved, "memory"), Is.EqualTo("environment P2P_MINER_MEMORY"));
        Assert.That(Origin(resolved, "cluster"), Is.EqualTo("file " + file));
        Assert.That(Origin(resolved, "engine"), Is.EqualTo("default"));
    }

    [Test]
    public void Config_file_can_be_named_by_the_environment()
    {
        string file = Write("""{ "threads": 0 }""");
        ResolvedOptions resolved = Resolve([], new() { ["P2P_MINER_CONFIG"] = file });
        Assert.That(resolved.Options.Threads, Is.Zero);
    }

    [TestCase("auto", null, true)]
    [TestCase("off", null, false)]
    [TestCase("/var/cache/off", "/var/cache/off", true)]
    public void Datasets_are_kept_where_and_if_the_option_says(string text, string? directory, bool isKept)
    {
        ResolvedOptions resolved = Resolve(new() { ["dataset-cache"] = [text] }, []);
        Assert.That((resolved.Options.DatasetCache, resolved.Options.KeepsDatasets), Is.EqualTo((directory, isKept)));
        Assert.That(resolved.Settings.Single(setting => setting.Definition.Name == "dataset-cache").Value, Is.EqualTo(text));
    }

    [Test]
    public void Every_option_can_stand_in_the_file()
    {
        string file = Write("""
            {
              // comments and trailing commas are fine
              "algo": "randomx", "threads": 4, "affinity": false, "lowPriority": true, "pauseOnBattery": "on",
              "daemon": ["http://127.0.0.1:18081", "node.example:18089"], "daemonZmq": "127.0.0.1:18083",
              "wallet": "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A",
              "memory": "full", "engine": "native", "pages": "thp", "datasetCache": "/var/cache/p2p-miner", "uploadLimit": 12,
              "http": "[::1]:9000", "httpToken": "/etc/token", "dataDir": "/var/lib/p2p-miner", "cluster": "home",
              "clusterKey": "/etc/cluster.key", "name": "attic", "mode": "worker", "datasetHost": true, "port": 4001, "connect": ["192.168.1.7:9999", "/dns/node.example/tcp/9999", "/dnsaddr/node.example"],
              "noMdns": true, "noDht": false,
              "logLevel": "debug", "logFile": "/var/log/p2p-miner.log",
            }
            """);
        ResolvedOptions resolved = Resolve([], [], file);
        NodeOptions options = resolved.Options;
        IEnumerable<Setting> elsewhere = resolved.Settings.Where(setting => setting.Origin != "file " + file);
        Assert.That(elsewhere.Select(setting => setting.Definition.Name), Is.EqualTo(new[] { "listen" }), "it excludes port");
        Assert.That(options.Algorithm, Is.EqualTo("rx/0"));
        Assert.That(options.Threads, Is.EqualTo(4));
        Assert.That(options.UploadLimit, Is.EqualTo(12L << 20));
        Assert.That(options.Affinity, Is.False);
        Assert.That(options.LowPriority, Is.True);
        Assert.That(options.PauseOnBattery, Is.True);
        Assert.That(options.Daemons.Select(daemon => daemon.Name), Is.EqualTo(new[] { "http://127.0.0.1:18081", "http://node.example:18089" }));
        Assert.That(options.DaemonZmq, Is.EqualTo(new[] { "tcp://127.0.0.1:18083" }));
        Assert.That(options.Pages, Is.EqualTo(PagePreference.Thp));
        Assert.That(options.Http, Is.EqualTo(new IPEndPoint(IPAddress.IPv6Loopback, 9000)));
        Assert.That(options.DataDirectory, Is.EqualTo("/var/lib/p2p-miner"));
        Assert.That(options.LogLevel, Is.EqualTo(LogLevel.Debug));
        Assert.That(options.Port, Is.EqualTo(4001));
        Assert.That(options.ClusterKey, Is.EqualTo("/etc/cluster.key"));
        Assert.That(options.Connect.Select(address => address.ToString()), Is.EqualTo(new[] { "/ip4/192.168.1.7/tcp/9999", "/dns/node.example/tcp/9999", "/dnsaddr/node.example" }));
        Assert.That(options.NoMdns, Is.True);
    }

    [Test]
    public void Every_default_survives_being_written_out()
    {
        NodeOptions defaults = new();
        foreach (OptionDefinition definition in OptionDefinitions.All)
        {
            string shown = definition.Show(defaults);
            if (shown != OptionText.None)
                Assert.That(definition.Show(definition.Apply(defaults, [shown])), Is.EqualTo(shown), definition.Name);
        }
    }

    [TestCase("""{ "thread": 1 }""", "unknown key \"thread\" (did you mean 'threads'?)")]
    [TestCase("""{ "threads": 1, "threads": 2 }""", "not valid JSON")]
    [TestCase("""{ "threads": null }""", "\"threads\" takes a text")]
    [TestCase("""{ "threads": [1] }""", "one value")]
    [TestCase("""{ "threads": 1.5 }""", "'1.5' is neither")]
    [TestCase("""{ "daemon": [] }""", "takes 1 to 32 values")]
    [TestCase("""{ "daemon": [[1]] }""", "takes a text")]
    [TestCase("""{ "memory": "\ud800" }""", "not valid text")]
    [TestCase("""{ "\ud800": 1 }""", "not valid text")]
    [TestCase("[]", "not a JSON object")]
    [TestCase("", "not valid JSON")]
    [TestCase("""{ "threads": 1""", "not valid JSON")]
    public void Bad_file_is_an_error_that_names_the_file(string contents, string expected)
    {
        string file = Write(contents);
        UsageException error = Assert.Throws<UsageException>(() => Resolve([], [], file))!;
        Assert.That(error.Message, Does.Contain(file).And.Contain(expected));
    }

    [Test]
    public void Oversized_and_missing_files_are_errors()
    {
        string large = Write(new string(' ', ConfigFile.MaxSize) + "{}");
        Assert.That(() => Resolve([], [], large), Throws.TypeOf<UsageException>().With.Message.Contains("larger than 64 KiB"));
        string missing = Path.Combine(_directory, "missing.json");
        Assert.That(() => Resolve([], [], missing), Throws.TypeOf<UsageException>().With.Message.Contains(missing));
        Assert.That(() => Resolve([], [], _directory), Throws.TypeOf<UsageException>());
    }

    [Test]
    public void Byte_order_mark_is_skipped() =>
        Assert.That(Resolve([], [], Write("\uFEFF{ \"threads\": 7 }")).Options.Threads, Is.EqualTo(7));

    [Test]
    public void Environment_lists_are_parted_by_commas_and_empty_means_absent()
    {
        ResolvedOptions resolved = Resolve(
            [], new() { ["P2P_MINER_DAEMON"] = "a:1, b:2", ["P2P_MINER_WALLET"] = Wallet, ["P2P_MINER_THREADS"] = "" });
        Assert.That(resolved.Options.Daemons.Select(daemon => daemon.Name), Is.EqualTo(new[] { "http://a:1", "http://b:2" }));
        Assert.That(resolved.Options.Threads, Is.Null);
    }

    [Test]
    public void Mistyped_variables_warn_and_foreign_ones_do_not()
    {
        ResolvedOptions resolved = Resolve(
            [], new() { ["P2P_MINER_THREDS"] = "1", ["P2P_MINER_RANDOMX"] = "/x", ["P2P_MINER_SERVICE_HOST"] = "10.0.0.1" });
        Assert.That(resolved.Warnings, Has.Count.EqualTo(1));
        Assert.That(resolved.Warnings[0], Does.Contain("P2P_MINER_THREDS").And.Contain("P2P_MINER_THREADS"));
    }

    [Test]
    public void Address_of_a_container_service_is_no_port()
    {
        ResolvedOptions resolved = Resolve(
            [], new() { ["P2P_MINER_PORT"] = "tcp://10.0.0.1:8420", ["P2P_MINER_PORT_8420_TCP"] = "tcp://10.0.0.1:8420", ["P2P_MINER_SERVICE_PORT_HTTP"] = "8420" });
        Assert.That(resolved.Options.Port, Is.Null);
        Assert.That(resolved.Warnings, Has.Count.EqualTo(1));
        Assert.That(resolved.Warnings[0], Does.Contain("P2P_MINER_PORT is ignored"));
        Assert.That(() => Resolve([], new() { ["P2P_MINER_PORT"] = "udp" }), Throws.TypeOf<UsageException>());
    }

    [TestCase("machine.example.org", "machine")]
    [TestCase("", "node")]
    [TestCase("a\nb", "node")]
    [TestCase("0123456789012345678901234567890123456789", "01234567890123456789012345678901")]
    public void Name_of_a_node_is_that_of_its_machine(string machine, string expected) =>
        Assert.That(OptionText.DefaultName(machine), Is.EqualTo(expected));

    [TestCase("127.0.0.1:0", "127.0.0.1:0")]
    [TestCase("localhost:80", "127.0.0.1:80")]
    [TestCase("[::]:8420", "[::]:8420")]
    [TestCase("off", "off")]
    public void Http_address_is_read(string text, string expected) =>
        Assert.That(OptionText.Http(text)?.ToString() ?? "off", Is.EqualTo(expected));

    [TestCase("127.0.0.1")]
    [TestCase("127.1:80")]
    [TestCase("::1:80")]
    [TestCase("127.0.0.1:65536")]
    [TestCase("127.0.0.1:-1")]
    [TestCase("[127.0.0.1]:80")]
    [TestCase("example.org:80")]
    [TestCase(":80")]
    public void Http_address_that_is_none_is_refused(string text) =>
        Assert.That(() => OptionText.Http(text), Throws.TypeOf<FormatException>());

    [TestCase("ftp://a")]
    [TestCase("http://")]
    [TestCase("")]
    public void Daemon_address_that_is_none_is_refused(string text) =>
        Assert.That(() => OptionText.Daemon(text), Throws.TypeOf<FormatException>());

    [TestCase("../x")]
    [TestCase(".x")]
    [TestCase("")]
    [TestCase("a/b")]
    public void Cluster_that_could_leave_its_directory_is_refused(string text) =>
        Assert.That(() => OptionText.Cluster(text), Throws.TypeOf<FormatException>());

    private static string Origin(ResolvedOptions resolved, string name) =>
        resolved.Settings.Single(setting => setting.Definition.Name == name).Origin;

    private static ResolvedOptions Resolve(
        Dictionary<string, string[]> commandLine, Dictionary<string, string> environment, string? file = null) =>
        OptionResolver.Resolve(
            OptionDefinitions.All, definition => commandLine.GetValueOrDefault(definition.Name), environment, file);

    private string Write(string contents)
    {
        string path = Path.Combine(_directory, "config.json");
        File.WriteAllText(path, contents);
        return path;
    }
}

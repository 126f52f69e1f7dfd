using Microsoft.Extensions.Logging;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Logging;

namespace P2PMiner.Node.Tests.Logging;

[TestFixture]
internal sealed class NodeLogTests
{
    private string _directory = null!;

    [SetUp]
    public void SetUp() => _directory = Directory.CreateTempSubdirectory("p2p-miner-log-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(_directory, recursive: true);

    [Test]
    public void Event_is_one_line_whatever_it_says()
    {
        string path = Path.Combine(_directory, "new", "miner.log");
        Write(path, LogLevel.Information, logger =>
        {
            logger.LogInformation("daemon {Name} says {Text} at {Height}", "a", "x\r\n2026 error fake \e[31m", 7);
            logger.LogError(new InvalidOperationException("broken\npipe"), "submit failed");
            logger.LogDebug("not shown");
        });
        string[] lines = File.ReadAllLines(path);
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(lines[0], Does.Match(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d info  daemon a says x  2026 error fake  \[31m at 7$"));
        Assert.That(lines[1], Does.EndWith("error submit failed: broken pipe"));
    }

    [Test]
    public void Stack_trace_follows_only_when_debugging()
    {
        string path = Path.Combine(_directory, "miner.log");
        Write(path, LogLevel.Debug, logger => logger.LogError(new InvalidOperationException("broken"), "failed"));
        Assert.That(File.ReadAllLines(path)[1], Does.StartWith("System.InvalidOperationException: broken"));
    }

    [Test]
    public void Recent_events_are_bounded_and_leave_out_debug()
    {
        using var log = NodeLog.Create(new NodeOptions { LogLevel = LogLevel.Trace }, console: false);
        ILogger logger = log.Factory.CreateLogger("test");
        logger.LogDebug("hidden");
        for (int i = 0; i < 100; i++)
            logger.LogWarning("event {Number}", i);
        Assert.That(log.Recent.Snapshot(), Has.Count.EqualTo(50));
        Assert.That(log.Recent.Snapshot()[^1].Message, Is.EqualTo("event 99"));
        Assert.That(log.Recent.Snapshot()[^1].Level, Is.EqualTo("warning"));
    }

    [Test]
    public void File_that_cannot_be_written_is_an_error()
    {
        var options = new NodeOptions { LogFile = _directory };
        Assert.That(() => NodeLog.Create(options, console: false), Throws.TypeOf<UsageException>().With.Message.Contains(_directory));
    }

    private static void Write(string path, LogLevel level, Action<ILogger> write)
    {
        using var log = NodeLog.Create(new NodeOptions { LogFile = path, LogLevel = level }, console: false);
        write(log.Factory.CreateLogger("test"));
    }
}

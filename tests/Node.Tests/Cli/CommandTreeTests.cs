using P2PMiner.Hardware;
using P2PMiner.Node.Cli;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Tests.Cli;

[TestFixture]
internal sealed class CommandTreeTests
{
    [Test]
    public async Task Nothing_runs_a_node_with_the_defaults()
    {
        CliRun run = await CliRun.Of([]);
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Started, Is.Not.Null);
        Assert.That(run.Started!.Threads, Is.Null);
    }

    [Test]
    public async Task Options_without_a_command_are_those_of_run()
    {
        CliRun run = await CliRun.Of(["--threads", "3", "--low-priority", "--affinity=off"]);
        Assert.That(run.Started!.Threads, Is.EqualTo(3));
        Assert.That(run.Started.LowPriority, Is.True);
        Assert.That(run.Started.Affinity, Is.False);
    }

    [TestCase("version")]
    [TestCase("--version")]
    public async Task Version_is_one_line(string argument)
    {
        CliRun run = await CliRun.Of([argument]);
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.Match(@"^p2p-miner \d+\.\d+\.\d+\r?\n$"));
    }

    [TestCase("1200M", MemoryRequest.Hybrid, 944, "1200M")]
    [TestCase("2G", MemoryRequest.Hybrid, 1792, "2048M")]
    [TestCase("257M", MemoryRequest.Hybrid, 1, "257M")]
    [TestCase("256M", MemoryRequest.Light, null, "light")]
    [TestCase("2336M", MemoryRequest.Full, null, "full")]
    [TestCase("hybrid", MemoryRequest.Hybrid, null, "hybrid")]
    public async Task Memory_can_be_a_size(string text, MemoryRequest expected, int? partMiB, string shown)
    {
        CliRun run = await CliRun.Of(["--memory", text]);
        Assert.That(run.Error, Is.Empty);
        Assert.That((run.Started!.Memory, run.Started.PartBytes), Is.EqualTo((expected, (long?)partMiB << 20)));
        Assert.That(OptionDefinitions.Memory.Show(run.Started), Is.EqualTo(shown));
    }

    [TestCase("--theads 3", "unknown option '--theads' (did you mean '--threads'?)")]
    [TestCase("--theads=3", "unknown option '--theads' (did you mean '--threads'?)")]
    [TestCase("run --deamon x", "unknown option '--deamon' (did you mean '--daemon'?)")]
    [TestCase("run --xyzzy", "unknown option '--xyzzy';")]
    [TestCase("vresion", "unknown command 'vresion' (did you mean 'version'?)")]
    [TestCase("frobnicate", "unknown command 'frobnicate';")]
    [TestCase("run extra", "'extra' is not expected here")]
    [TestCase("run --threads", "--threads")]
    [TestCase("--threads 2 --threads 3", "--threads is given 2 times")]
    [TestCase("--threads many", "--threads: 'many' is neither 'auto' nor a number from 0 to 4096")]
    [TestCase("--threads -1", "--threads")]
    [TestCase("--pages hug", "--pages: 'hug' is not one of auto, huge, thp, normal (did you mean 'huge'?)")]
    [TestCase("--daemon http://a:1", "--daemon needs --wallet")]
    [TestCase("--http 0.0.0.0:8420", "needs --http-token")]
    [TestCase("--memory 255M", "--memory: '255M' is not between 256M, the cache alone, and 2336M, cache and whole dataset")]
    [TestCase("--memory 3G", "'3G' is not between 256M")]
    [TestCase("--memory 1200", "--memory: '1200' is not one of auto, full, light, hybrid, a size such as 1200M")]
    [TestCase("--memory 99999999999M", "'99999999999M' is not one of auto")]
    [TestCase("--http 8420", "--http: '8420' is neither")]
    public async Task Bad_usage_is_one_line_that_says_what_to_do(string line, string expected)
    {
        CliRun run = await CliRun.Of(line.Split(' '));
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Output, Is.Empty);
        Assert.That(run.Error, Does.Contain(expected));
        Assert.That(run.Error.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1));
        Assert.That(run.Started, Is.Null);
    }

    [Test]
    public async Task Failure_is_one_line_and_a_stack_trace_only_when_debugging()
    {
        static Task<int> Fails(object _, CancellationToken __) => throw new InvalidOperationException("it broke\nbadly");
        CliRun quiet = await CliRun.Of([], run: Fails);
        Assert.That(quiet.ExitCode, Is.EqualTo(ExitCode.Failed));
        Assert.That(quiet.Error, Is.EqualTo("p2p-miner: it broke badly" + Environment.NewLine));
        CliRun debug = await CliRun.Of(["--log-level", "debug"], run: Fails);
        Assert.That(debug.ExitCode, Is.EqualTo(ExitCode.Failed));
        Assert.That(debug.Error, Does.Contain("   at "));
        CliRun fromEnvironment = await CliRun.Of([], new() { ["P2P_MINER_LOG_LEVEL"] = "debug" }, Fails);
        Assert.That(fromEnvironment.Error, Does.Contain("   at "));
    }

    [Test]
    public async Task Cancelling_ends_with_130()
    {
        using var cancellation = new CancellationTokenSource();
        CliRun run = await CliRun.Of([], run: async (_, token) =>
        {
            await cancellation.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return ExitCode.Done;
        }, cancel: cancellation.Token);
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Interrupted));
        Assert.That(run.Error, Is.Empty);
    }

    [TestCase("--help")]
    [TestCase("run --help")]
    [TestCase("probe --help")]
    [TestCase("hash --help")]
    [TestCase("bench --help")]
    [TestCase("status --help")]
    [TestCase("peers --help")]
    [TestCase("contributions --help")]
    [TestCase("cluster --help")]
    [TestCase("cluster new --help")]
    [TestCase("version -h")]
    public async Task Help_has_examples(string line)
    {
        CliRun run = await CliRun.Of(line.Split(' '));
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.Contain("Usage:").And.Contain("Examples:"));
    }

    [Test]
    public async Task Dry_run_shows_values_and_origins_and_starts_nothing()
    {
        CliRun run = await CliRun.Of(["--dry-run", "--threads", "2"], new() { ["P2P_MINER_MEMORY"] = "light" });
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.Match(@"(?m)^threads +2 +\(command line\)"));
        Assert.That(run.Output, Does.Match(@"(?m)^memory +light +\(environment P2P_MINER_MEMORY\)"));
        Assert.That(run.Output, Does.Match(@"(?m)^http +127\.0\.0\.1:8420 +\(default\)"));
        Assert.That(run.Started, Is.Null);
    }
}

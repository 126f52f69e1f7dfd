using System.Text.Json;
using P2PMiner.Hardware;
using P2PMiner.Node.Cli;

namespace P2PMiner.Node.Tests.Cli;

[TestFixture]
internal sealed class BenchCommandTests
{
    private static readonly BenchResult Result = new("rx/0", "native", "light", "thp", 2, 123.4, 1234, 10.01, 0.5, null, 0.9);

    [Test]
    public async Task Json_has_the_contract_fields_and_nothing_else_is_printed()
    {
        CliRun run = await CliRun.Of(["bench", "--json"], bench: (_, progress, _) =>
        {
            progress.Report(new BenchProgress("cache", 0.5, null));
            return Task.FromResult(Result);
        });
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Error, Is.Empty);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.That(json.RootElement.EnumerateObject().Select(property => property.Name), Is.EqualTo(new[]
        {
            "algorithm", "engine", "memory", "pages", "threads", "hashrate", "hashes", "seconds", "cacheSeconds", "datasetSeconds",
            "firstHashSeconds",
        }));
        Assert.That(json.RootElement.GetProperty("datasetSeconds").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public async Task Options_reach_the_benchmark()
    {
        BenchOptions? options = null;
        CliRun run = await CliRun.Of(["bench", "--seconds", "2.5", "--threads", "3", "--memory", "light"], bench: (given, _, _) =>
        {
            options = given;
            return Task.FromResult(Result);
        });
        Assert.That(run.Output, Does.Contain("123.4 H/s").And.Contain("1234 in 10.01 s"));
        Assert.That(options!.Duration, Is.EqualTo(TimeSpan.FromSeconds(2.5)));
        Assert.That(options.Node.Threads, Is.EqualTo(3));
        Assert.That(options.Node.Memory, Is.EqualTo(MemoryRequest.Light));
    }

    [TestCase("--seconds 0", "--seconds")]
    [TestCase("--seconds NaN", "--seconds")]
    [TestCase("--seconds 1e9", "--seconds")]
    [TestCase("--threads 0", "nothing to measure")]
    public async Task Bad_values_are_refused(string line, string expected)
    {
        CliRun run = await CliRun.Of(["bench", .. line.Split(' ')], bench: (_, _, _) => Task.FromResult(Result));
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain(expected));
    }
}

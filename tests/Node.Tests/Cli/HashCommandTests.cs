using System.Text.Json;
using System.Text.RegularExpressions;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Node.Cli;

namespace P2PMiner.Node.Tests.Cli;

[TestFixture]
internal sealed class HashCommandTests
{
    /// <summary>tevador/RandomX, src/tests/tests.cpp: key "test key 000", input "This is a test".</summary>
    [Test]
    public async Task Hash_is_that_of_the_specification()
    {
        CliRun run = await CliRun.Of(["hash", "--key", "74657374206b657920303030", "--input", "5468697320697320612074657374"]);
        Assert.That(run.Error, Is.Empty);
        Assert.That(run.Output.TrimEnd(), Is.EqualTo("639183aae1bf4c9a35884cb46b09cad9175f04efd7684e7262a0ac1c2f0b4e3f"));
    }

    [Test]
    public async Task Empty_input_is_legal()
    {
        CliRun run = await CliRun.Of(["hash", "--key", "00", "--input", "", "--algo", "randomx"]);
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output.TrimEnd(), Does.Match("^[0-9a-f]{64}$"));
    }

    [TestCase("0", "00", "--key: 1 hex digits")]
    [TestCase("00", "0g", "--input: contains something else")]
    [TestCase("00", "000", "--input: 3 hex digits")]
    [TestCase("é0", "00", "--key")]
    public async Task Bad_hex_is_refused(string key, string input, string expected)
    {
        CliRun run = await CliRun.Of(["hash", "--key", key, "--input", input]);
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain(expected));
        Assert.That(run.Output, Is.Empty);
    }

    [Test]
    public async Task Key_beyond_60_bytes_is_refused()
    {
        CliRun run = await CliRun.Of(["hash", "--key", new string('0', 122), "--input", ""]);
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain("61 bytes"));
    }

    /// <summary>tevador/RandomX, src/tests/tests.cpp: the same key and input in version 2.</summary>
    [Test]
    public async Task Second_version_is_that_of_the_reference_also_in_json()
    {
        string[] arguments = ["hash", "--key", "74657374206b657920303030", "--input", "5468697320697320612074657374", "--algo", "rx/2"];
        const string Expected = "22ec6b861b3eb23686b2efbad69513c967ecfce80983df66c9c5b4fbfb4cdb6f";
        CliRun run = await CliRun.Of(arguments);
        Assert.That(run.Output.TrimEnd(), Is.EqualTo(Expected), run.Error);
        CliRun json = await CliRun.Of([.. arguments, "--json"]);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.That(document.RootElement.GetProperty("hash").GetString(), Is.EqualTo(Expected));
        Assert.That(document.RootElement.GetProperty("algorithm").GetString(), Is.EqualTo("rx/2"));
        Assert.That(document.RootElement.GetProperty("engine").GetString(), Is.EqualTo("managed"));
        Assert.That(document.RootElement.GetProperty("memory").GetString(), Is.EqualTo("light"));
    }

    [TestCase("--algo rx/2 --engine native", "librandomx 1 has no RandomX v2")]
    [TestCase("--algo rx/2 --engine shadow", "librandomx 1 has no RandomX v2")]
    [TestCase("--algo rx/3", "'rx/3' is not one of randomx, rx/0, rx/2")]
    [TestCase("--list-asm --engine native", "--list-asm lists the code of engine managed")]
    [TestCase("--list-asm 9", "'9' is not one of the programs 1 to 8")]
    public async Task What_an_engine_cannot_do_is_refused(string options, string expected)
    {
        CliRun run = await CliRun.Of(["hash", "--key", "00", "--input", "", .. options.Split(' ')]);
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain(expected));
        Assert.That(run.Output, Is.Empty);
    }

    [TestCase("light", "rx/0", 256, "639183aae1bf4c9a35884cb46b09cad9175f04efd7684e7262a0ac1c2f0b4e3f")]
    [TestCase("full", "rx/2", 384, "22ec6b861b3eb23686b2efbad69513c967ecfce80983df66c9c5b4fbfb4cdb6f")]
    public async Task Listing_has_every_instruction_with_its_code(string memory, string algorithm, int instructions, string hash)
    {
        CliRun run = await CliRun.Of(
        [
            "hash", "--key", "74657374206b657920303030", "--input", "5468697320697320612074657374", "--list-asm", "1",
            "--memory", memory, "--algo", algorithm,
        ]);
        Assert.That(run.Error, Is.Empty);
        Assert.That(run.Output, Does.Contain($"; {algorithm}, {(memory == "full" ? "with" : "without")} a dataset"));
        Assert.That(run.Output, Does.Contain("; program 1 of 8").And.Not.Contain("; program 2 of 8"));
        string[] lines = run.Output.Split('\n', StringSplitOptions.TrimEntries);
        Assert.That(lines.Count(line => Regex.IsMatch(line, @"^; +\d+  [IFC][A-Z_]+ ")), Is.EqualTo(instructions));
        Assert.That(run.Output, Does.Contain($"; hash {hash}"), "the programs are those of this hash");
        if (ManagedEngine.WhyInterpreted is string reason)
        {
            Assert.That(run.Output, Does.Contain(reason));
            return;
        }
        string[] around = memory == "full" ? ["; prologue", "; epilogue"] : ["; dispatcher"];
        foreach (string part in (string[])["; an iteration begins", "; an iteration ends", .. around])
            Assert.That(lines.Count(line => line.StartsWith(part, StringComparison.Ordinal)), Is.EqualTo(1), part);
        Assert.That(lines, Has.None.Contains("(bad)"));
        Assert.That(run.Output.Contains("; next iteration", StringComparison.Ordinal), Is.EqualTo(memory == "full"));
        Assert.That(lines, Has.Some.Match(@"^[0-9a-f]{5}  c3 +ret"));
        Assert.That(lines, Has.Some.Match(@"^[0-9a-f]{5}  [0-9a-f]+ +v?mulpd [xz]mm"));
    }
}

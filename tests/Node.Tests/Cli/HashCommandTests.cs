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
}

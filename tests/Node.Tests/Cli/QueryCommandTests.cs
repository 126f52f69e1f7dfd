using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using P2PMiner.Node.Api;
using P2PMiner.Node.Cli;
using P2PMiner.Node.Tests.Api;

namespace P2PMiner.Node.Tests.Cli;

[TestFixture]
internal sealed class QueryCommandTests
{
    [Test]
    public async Task Probe_prints_one_json_object()
    {
        CliRun run = await CliRun.Of(["probe", "--json", "--threads", "0"]);
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.That(json.RootElement.GetProperty("threadPlan").GetProperty("threads").GetArrayLength(), Is.Zero);
        Assert.That(json.RootElement.GetProperty("memoryPlan").GetProperty("reason").GetString(), Is.Not.Empty);
        Assert.That(json.RootElement.GetProperty("hardware").GetProperty("logicalCpus").GetArrayLength(), Is.Positive);
    }

    [Test]
    public async Task Probe_tells_people_the_plan()
    {
        CliRun run = await CliRun.Of(["probe", "--memory", "light"]);
        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.Contain("light mode, as asked"));
    }

    [Test]
    public async Task Status_asks_a_running_node()
    {
        await using ApiServer server = await ApiServer.StartAsync(
            new IPEndPoint(IPAddress.Loopback, 0), null,
            SampleStatus.Sources(),
            NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        CliRun json = await CliRun.Of(["status", "--json", "--http", server.Address.Authority]);
        using JsonDocument status = JsonDocument.Parse(json.Output);
        Assert.That(status.RootElement.GetProperty("totalHashes").GetInt64(), Is.EqualTo(123_456));
        CliRun text = await CliRun.Of(["status"], new() { ["P2P_MINER_HTTP"] = server.Address.Authority });
        Assert.That(text.Output, Does.Contain("mining").And.Contain("123456").And.Contain("55.0% of the work of the last 3 links, 2 miners"));
    }

    [Test]
    public async Task Peers_asks_a_running_node()
    {
        await using ApiServer server = await ApiServer.StartAsync(
            new IPEndPoint(IPAddress.Loopback, 0), null,
            SampleStatus.Sources(),
            NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        CliRun json = await CliRun.Of(["peers", "--json", "--http", server.Address.Authority]);
        using JsonDocument answer = JsonDocument.Parse(json.Output);
        Assert.That(answer.RootElement.GetProperty("peers").GetArrayLength(), Is.EqualTo(2));
        Assert.That(answer.RootElement.GetProperty("peers")[0].GetProperty("hashrate").GetDouble(), Is.EqualTo(512.5));
        CliRun text = await CliRun.Of(["peers", "--http", server.Address.Authority]);
        Assert.That(text.Output.TrimEnd().Split('\n'), Has.Length.EqualTo(3));
        Assert.That(text.Output, Does.Contain("512.5 H/s").And.Contain("through others"));
    }

    [Test]
    public async Task Contributions_asks_a_running_node()
    {
        await using ApiServer server = await ApiServer.StartAsync(
            new IPEndPoint(IPAddress.Loopback, 0), null, SampleStatus.Sources(), NullLogger.Instance, TimeProvider.System, CancellationToken.None);
        CliRun json = await CliRun.Of(["contributions", "--json", "--http", server.Address.Authority]);
        using JsonDocument answer = JsonDocument.Parse(json.Output);
        Assert.That(answer.RootElement.GetProperty("miners")[1].GetProperty("part").GetDouble(), Is.EqualTo(0.45));
        CliRun text = await CliRun.Of(["contributions", "--http", server.Address.Authority]);
        string[] lines = text.Output.TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.That(lines, Has.Length.EqualTo(4));
        Assert.That(lines[1], Is.EqualTo("12D3KooWSelf    55.0%  2      0     2200"));
        Assert.That(lines[3], Is.EqualTo("Of the last 3 links and the 1 late shares that they name."));
    }

    [Test]
    public async Task Status_without_a_node_says_what_to_do()
    {
        // Port 1 (tcpmux) is not listened on anywhere these tests run.
        CliRun run = await CliRun.Of(["status", "--http", "127.0.0.1:1"]);
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Failed));
        Assert.That(run.Error, Does.Contain("no node answers at 127.0.0.1:1").And.Contain("p2p-miner run"));
        Assert.That(run.Output, Is.Empty);
    }

    [Test]
    public async Task Status_of_no_address_is_bad_usage()
    {
        CliRun run = await CliRun.Of(["status", "--http", "off"]);
        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Usage));
    }
}

using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using P2PMiner.Node.Api.Metrics;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Tests.Api;

namespace P2PMiner.Node.Tests.Configuration;

/// <summary>The documentation names every option and every metric, with the default that is in force.</summary>
[TestFixture]
internal sealed partial class DocumentationTests
{
    [Test]
    public void Every_option_is_documented_with_its_default()
    {
        string[] lines = File.ReadAllLines(Document("configuration.md"));
        foreach (OptionDefinition definition in OptionDefinitions.All)
        {
            string row = lines.Single(line => line.StartsWith($"| `{definition.Flag} ", StringComparison.Ordinal));
            Assert.That(row, Does.Contain($"`{definition.Flag} {definition.ValueName.Replace("|", "\\|")}` | `{definition.Key}` |"));
            string shown = definition.Show(new NodeOptions());
            string documented = definition == OptionDefinitions.DataDirectory || definition == OptionDefinitions.Name ? "see below" : shown == OptionText.None ? shown : $"`{shown}`";
            Assert.That(row, Does.Contain($"| {documented} |"));
        }
    }

    [Test]
    public void Every_metric_of_the_node_is_documented()
    {
        string text = File.ReadAllText(Document("http-api.md"));
        using var metrics = new NodeMetrics(SampleStatus.Create, SampleStatus.Cluster);
        string[] names = [.. PrometheusReader.Read(metrics.Collect()).Select(sample => sample.Name).Distinct().Where(name => !name.StartsWith("dotnet_", StringComparison.Ordinal))];
        Assert.That(names, Has.Length.GreaterThan(15));
        foreach (string name in names)
            Assert.That(text, Does.Contain($"`{name}"));
    }

    [Test]
    public void Every_metric_of_dashboard_and_alerts_is_exported()
    {
        using var metrics = new NodeMetrics(SampleStatus.Create, SampleStatus.Cluster);
        string[] exported = [.. metrics.Collect().Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2])];
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Document("grafana/p2p-miner.json")));
        string[] queries = [.. dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!)];
        Assert.That(queries, Has.Length.GreaterThan(15));
        string[] used = [.. Metric().Matches(string.Join('\n', queries) + File.ReadAllText(Document("monitoring.md"))).Select(match => match.Value).Distinct()];
        Assert.That(used, Is.SubsetOf(exported));
    }

    [GeneratedRegex("\\b(p2p_miner|dotnet)_[a-z0-9_]+[a-z0-9](?![a-z0-9_])")]
    private static partial Regex Metric();

    private static string Document(string name, [CallerFilePath] string path = "") =>
        Path.Combine(Path.GetDirectoryName(path)!, "../../../docs", name);
}

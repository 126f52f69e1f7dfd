using System.Runtime.CompilerServices;
using P2PMiner.Node.Api.Metrics;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Tests.Api;

namespace P2PMiner.Node.Tests.Configuration;

/// <summary>The documentation names every option and every metric, with the default that is in force.</summary>
[TestFixture]
internal sealed class DocumentationTests
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

    private static string Document(string name, [CallerFilePath] string path = "") =>
        Path.Combine(Path.GetDirectoryName(path)!, "../../../docs", name);
}

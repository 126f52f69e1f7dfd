using System.Diagnostics.Metrics;
using P2PMiner.Node.Api.Metrics;

namespace P2PMiner.Node.Tests.Api;

[TestFixture]
internal sealed class PrometheusTests
{
    [Test]
    public void Node_metrics_are_well_formed_and_tell_the_status()
    {
        using var metrics = new NodeMetrics(SampleStatus.Create, SampleStatus.Cluster);
        ILookup<string, PrometheusSample> samples = PrometheusReader.Read(metrics.Collect()).ToLookup(sample => sample.Name);
        Assert.That(samples["p2p_miner_hashes_total"].Single().Value, Is.EqualTo(123_456));
        Assert.That(samples["p2p_miner_uptime_seconds"].Single().Value, Is.EqualTo(185));
        Assert.That(samples["p2p_miner_build_info"].Single().Labels["version"], Is.EqualTo("1.2.3"));
        Assert.That(samples["p2p_miner_hashrate"].ToDictionary(sample => sample.Labels["window"], sample => sample.Value),
            Is.EqualTo(new Dictionary<string, double> { ["10s"] = 1234.5, ["60s"] = 1200 }));
        Assert.That(samples["p2p_miner_shares_total"].Sum(sample => sample.Value), Is.EqualTo(10));
        Assert.That(samples["p2p_miner_shares_total"].All(sample => sample.Type == "counter"), Is.True);
        Assert.That(samples["p2p_miner_threads"].Single().Type, Is.EqualTo("gauge"));
        Assert.That(samples["p2p_miner_daemon_up"].Single().Labels["url"], Is.EqualTo("http://127.0.0.1:18081"));
        Assert.That(samples.Any(group => group.Key.StartsWith("dotnet_", StringComparison.Ordinal)), Is.True);
    }

    [Test]
    public void Labels_and_help_are_escaped()
    {
        using var meter = new Meter("test");
        using var exporter = new PrometheusExporter(other => other.Meter == meter);
        Gauge<long> gauge = meter.CreateGauge<long>("a.b-c", "By", "one\\two\nthree");
        gauge.Record(-5, new KeyValuePair<string, object?>("odd.name", "quote \" slash \\ line\nend"));
        PrometheusSample sample = PrometheusReader.Read(exporter.Collect()).First();
        Assert.That(sample.Name, Is.EqualTo("a_b_c_bytes"));
        Assert.That(sample.Help, Is.EqualTo("one\\two\nthree"));
        Assert.That(sample.Labels["odd_name"], Is.EqualTo("quote \" slash \\ line\nend"));
        Assert.That(sample.Value, Is.EqualTo(-5));
    }

    [Test]
    public void Counters_add_up_gauges_replace_and_observables_forget()
    {
        using var meter = new Meter("test");
        using var exporter = new PrometheusExporter(other => other.Meter == meter);
        Counter<int> counter = meter.CreateCounter<int>("c");
        UpDownCounter<long> upDown = meter.CreateUpDownCounter<long>("u");
        Gauge<double> gauge = meter.CreateGauge<double>("g");
        List<Measurement<double>> observed = [new(1, new KeyValuePair<string, object?>("k", "a"))];
        meter.CreateObservableGauge("o", () => observed);
        meter.CreateHistogram<double>("h").Record(1);
        counter.Add(2);
        counter.Add(3);
        upDown.Add(5);
        upDown.Add(-7);
        gauge.Record(1);
        gauge.Record(double.PositiveInfinity);
        exporter.Collect();
        observed = [new(2, new KeyValuePair<string, object?>("k", "b"))];
        Dictionary<string, PrometheusSample> samples = PrometheusReader.Read(exporter.Collect()).ToDictionary(sample => sample.Name);
        Assert.That(samples["c_total"].Value, Is.EqualTo(5));
        Assert.That(samples["u"].Value, Is.EqualTo(-2));
        Assert.That(samples["g"].Value, Is.EqualTo(double.PositiveInfinity));
        Assert.That(samples["o"].Labels["k"], Is.EqualTo("b"));
        Assert.That(samples, Does.Not.ContainKey("h"));
    }

    [Test]
    public void Series_of_one_metric_are_bounded()
    {
        using var meter = new Meter("test");
        using var exporter = new PrometheusExporter(other => other.Meter == meter);
        Counter<long> counter = meter.CreateCounter<long>("c");
        for (int i = 0; i < PrometheusExporter.MaxSeries + 10; i++)
            counter.Add(1, new KeyValuePair<string, object?>("i", i));
        ILookup<string, PrometheusSample> samples = PrometheusReader.Read(exporter.Collect()).ToLookup(sample => sample.Name);
        Assert.That(samples["c_total"].Count(), Is.EqualTo(PrometheusExporter.MaxSeries));
        Assert.That(samples["p2p_miner_metrics_dropped_samples_total"].Single().Value, Is.EqualTo(10));
    }
}

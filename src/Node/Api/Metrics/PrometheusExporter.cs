using System.Diagnostics.Metrics;

namespace P2PMiner.Node.Api.Metrics;

/// <summary>
/// Listens to chosen counters and gauges and gives their values as Prometheus text. Series of one
/// instrument are bounded: those beyond are left out and counted.
/// </summary>
internal sealed class PrometheusExporter : IDisposable
{
    /// <summary>Of one instrument. Prometheus' own advice is to stay below 10 on most metrics.</summary>
    public const int MaxSeries = 64;

    private const string DroppedName = "p2p_miner_metrics_dropped_samples_total";

    private readonly Lock _lock = new();
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, Metric> _metrics = new(StringComparer.Ordinal);
    private long _dropped;

    /// <param name="isWanted">Chooses the instruments, present and future.</param>
    public PrometheusExporter(Func<Instrument, bool> isWanted)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (isWanted(instrument) && Describe(instrument) is Metric metric && Add(metric))
                listener.EnableMeasurementEvents(instrument, metric);
        };
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Record((Metric)state!, value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Record((Metric)state!, value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Record((Metric)state!, value, tags));
        _listener.Start();
    }

    /// <summary>Asks the observable instruments and writes everything.</summary>
    public string Collect()
    {
        lock (_lock)
        {
            foreach (Metric metric in _metrics.Values.Where(metric => metric.Observable))
                metric.Series.Clear();
            _listener.RecordObservableInstruments();
            var text = new PrometheusText();
            foreach ((string name, Metric metric) in _metrics)
            {
                text.Metric(name, metric.Help, metric.Counter ? "counter" : "gauge");
                foreach ((string labels, double value) in metric.Series)
                    text.Sample(name, labels, value);
            }
            text.Metric(DroppedName, "Samples left out because their metric had too many series.", "counter");
            text.Sample(DroppedName, "", _dropped);
            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();

    private bool Add(Metric metric)
    {
        lock (_lock)
            return _metrics.TryAdd(metric.Name, metric);
    }

    private void Record(Metric metric, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = PrometheusText.Labels(tags);
        lock (_lock)
        {
            bool known = metric.Series.TryGetValue(labels, out double sum);
            if (!known && metric.Series.Count >= MaxSeries)
                _dropped++;
            else
                metric.Series[labels] = metric.Additive ? sum + value : value;
        }
    }

    /// <summary>Null for kinds that are not exported (histograms).</summary>
    private static Metric? Describe(Instrument instrument)
    {
        Type type = instrument.GetType();
        Type? kind = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        bool counter = kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>);
        bool additive = kind == typeof(Counter<>) || kind == typeof(UpDownCounter<>);
        bool gauge = kind == typeof(Gauge<>) || kind == typeof(ObservableGauge<>) || kind == typeof(ObservableUpDownCounter<>);
        if (!counter && !additive && !gauge)
            return null;
        string name = PrometheusText.MetricName(instrument.Name, instrument.Unit, counter);
        return new Metric(name, instrument.Description, counter, additive, instrument.IsObservable);
    }

    /// <param name="Name">In Prometheus' form.</param>
    /// <param name="Help">The instrument's description.</param>
    /// <param name="Counter">Never falls; else a gauge.</param>
    /// <param name="Additive">Measurements are increments; else they are values.</param>
    /// <param name="Observable">Measured when collected; else when something happens.</param>
    private sealed record Metric(string Name, string? Help, bool Counter, bool Additive, bool Observable)
    {
        public SortedDictionary<string, double> Series { get; } = new(StringComparer.Ordinal);
    }
}

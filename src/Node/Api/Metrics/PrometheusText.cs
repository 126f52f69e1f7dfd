using System.Globalization;
using System.Text;

namespace P2PMiner.Node.Api.Metrics;

/// <summary>
/// Writes the Prometheus text exposition format, version 0.0.4
/// (prometheus.io/docs/instrumenting/exposition_formats).
/// </summary>
internal sealed class PrometheusText
{
    private readonly StringBuilder _text = new();

    /// <summary>Begins a metric; its samples follow.</summary>
    /// <param name="name">Letters, digits and "_".</param>
    /// <param name="help">Any text; null leaves the line out.</param>
    /// <param name="type">"counter" or "gauge".</param>
    public void Metric(string name, string? help, string type)
    {
        if (help is not null)
            _text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <param name="name">That of the metric.</param>
    /// <param name="labels">As <see cref="Labels"/> made them.</param>
    /// <param name="value">May be infinite or not a number.</param>
    public void Sample(string name, string labels, double value) =>
        _text.Append(name).Append(labels).Append(' ').Append(Number(value)).Append('\n');

    public override string ToString() => _text.ToString();

    /// <summary><c>{name="value",…}</c>, or nothing without tags.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        var labels = new StringBuilder("{");
        foreach ((string key, object? value) in tags)
        {
            string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            labels.Append(labels.Length > 1 ? "," : "").Append(Name(key)).Append("=\"")
                .Append(text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');
        }
        return labels.Append('}').ToString();
    }

    /// <summary>
    /// The metric name of an instrument: unit and, for counters, "_total" appended as OpenTelemetry's "Prometheus and
    /// OpenMetrics Compatibility" has it. Units in braces are annotations and left out.
    /// </summary>
    public static string MetricName(string instrument, string? unit, bool counter)
    {
        string name = Name(instrument);
        string? suffix = unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => null,
        };
        if (suffix is not null && !name.EndsWith(suffix, StringComparison.Ordinal))
            name += suffix;
        return counter ? name + "_total" : name;
    }

    private static string Name(string name) =>
        string.Concat(name.Select((c, i) => char.IsAsciiLetter(c) || (i > 0 && char.IsAsciiDigit(c)) ? c : '_'));

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}

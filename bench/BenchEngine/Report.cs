using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace P2PMiner.BenchEngine;

/// <summary>Collects what was measured: a table for the reader, and every single measurement in JSON.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonObject _json = [];
    private readonly Table _table = new Table().AddColumns("measured", "median", "to the first");

    public void Describe(string name, JsonNode details) => _json[name] = details;

    /// <summary>Adds a figure with nothing to compare it with.</summary>
    public void Add(string name, string figure, double value)
    {
        _table.AddRow(Markup.Escape(name), Markup.Escape(figure), "");
        _json[name] = value;
        Console.WriteLine($"{name}: {figure}");
    }

    /// <summary>Adds measurements taken in turn: medians, and the medians of the ratios to what was measured first in the same turn.</summary>
    /// <param name="title">Of all of them.</param>
    /// <param name="unit">Of the values.</param>
    /// <param name="measured">A name and as many values for each.</param>
    public void Add(string title, string unit, IReadOnlyList<(string Name, IReadOnlyList<double> Values)> measured)
    {
        JsonObject details = new() { ["unit"] = unit };
        foreach ((string name, IReadOnlyList<double> values) in measured)
        {
            double ratio = values.Zip(measured[0].Values, (mine, first) => mine / first).Median();
            string median = Text($"{values.Median():G4} {unit}");
            string compared = name == measured[0].Name ? "1" : Text($"{ratio:0.000}");
            _table.AddRow(Markup.Escape($"{title}: {name}"), median, compared);
            Console.WriteLine($"{title}: {name}: {median}, {compared}");
            details[name] = new JsonObject
            {
                ["median"] = values.Median(),
                ["medianRatio"] = ratio,
                ["values"] = new JsonArray([.. values.Select(value => JsonValue.Create(value))]),
            };
        }
        _json[title] = details;
    }

    public void Write(string path)
    {
        AnsiConsole.Write(_table);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, _json.ToJsonString(Indented) + "\n");
        Console.WriteLine($"every single measurement: {path}");
    }

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

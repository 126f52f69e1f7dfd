using System.Text.Json.Nodes;

namespace P2PMiner.BenchEngine;

internal sealed class Report() : TableReport("measured", "median", "to the first")
{
    /// <summary>Adds a figure with nothing to compare it with.</summary>
    public void Add(string name, string figure, double value)
    {
        AddRow(name, figure, "");
        Describe(name, value);
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
            AddRow($"{title}: {name}", median, compared);
            Console.WriteLine($"{title}: {name}: {median}, {compared}");
            details[name] = new JsonObject
            {
                ["median"] = values.Median(),
                ["medianRatio"] = ratio,
                ["values"] = new JsonArray([.. values.Select(value => JsonValue.Create(value))]),
            };
        }
        Describe(title, details);
    }
}

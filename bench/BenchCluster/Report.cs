using System.Text.Json.Nodes;

namespace P2PMiner.BenchCluster;

/// <summary>Figures and what they should be.</summary>
internal sealed class Report() : TableReport("figure", "measured", "bound")
{
    /// <summary>Adds a row.</summary>
    /// <param name="name">Of the figure.</param>
    /// <param name="measured">For the reader.</param>
    /// <param name="bound">What it should be; null where there is none.</param>
    /// <param name="met">Whether it is.</param>
    /// <param name="values">Every single measurement.</param>
    public void Add(string name, string measured, string? bound, bool met, JsonNode values)
    {
        string judgement = bound is null ? "" : $"{bound}: {(met ? "met" : "missed")}";
        Console.WriteLine($"{name}: {measured} {judgement}");
        AddRow(name, measured, judgement);
        Describe(name, new JsonObject { ["measured"] = measured, ["bound"] = bound, ["met"] = bound is null ? null : met, ["values"] = values });
    }

    /// <summary>Numbers as they go into the JSON.</summary>
    public static JsonArray Numbers(IEnumerable<double> values) => [.. values.Select(value => (JsonNode)Math.Round(value, 4))];
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace P2PMiner.Bench;

/// <summary>Collects what was measured: rows for the reader, and the same in JSON with every single measurement.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonObject _json = [];
    private readonly Table _table = new Table().AddColumns("benchmark", "p2p-miner", "C loop", "ratio or bound");

    /// <summary>Adds a row whose JSON is <paramref name="details"/>, under <paramref name="name"/>.</summary>
    public void Add(string name, string p2pMiner, string cLoop, string judgement, JsonNode details)
    {
        _table.AddRow(name, p2pMiner, cLoop, judgement);
        _json[JsonNamingPolicy.CamelCase.ConvertName(name.Replace(" ", "", StringComparison.Ordinal))] = details;
    }

    /// <summary>Adds a comparison: medians of both sides, and the median of the pairs' ratios.</summary>
    public void Add(string name, string unit, IReadOnlyList<Pair> pairs, string bound)
    {
        double ratio = pairs.Select(pair => pair.Ratio).Median();
        Add(name,
            Text($"{pairs.Select(pair => pair.P2PMiner).Median():0.00} {unit}"),
            Text($"{pairs.Select(pair => pair.CLoop).Median():0.00} {unit}"),
            Text($"{ratio:0.0000} ({bound}, {pairs.Count} pairs)"),
            new JsonObject
            {
                ["unit"] = unit,
                ["medianRatio"] = ratio,
                ["pairs"] = new JsonArray([.. pairs.Select(pair => JsonSerializer.SerializeToNode(pair, JsonSerializerOptions.Web))]),
            });
    }

    /// <summary>Adds facts that belong to the JSON only.</summary>
    public void Describe(string name, JsonNode details) => _json[name] = details;

    public void Write(string path)
    {
        AnsiConsole.Write(_table);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, _json.ToJsonString(Indented) + "\n");
        Console.WriteLine($"every single measurement: {path}");
    }

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace P2PMiner.BenchP2P;

internal sealed class Report() : TableReport("benchmark", "p2p-miner", "js-libp2p", "ratio or value (bound)")
{
    /// <summary>Adds a comparison: medians of both sides, and the median of the pairs' ratios against a bound.</summary>
    public void Add(string name, string unit, IReadOnlyList<Pair> pairs, Bound bound)
    {
        double ratio = pairs.Select(pair => pair.Ratio).Median();
        AddRow(
            name, Text($"{pairs.Select(pair => pair.Ours).Median():0.00} {unit}"),
            Text($"{pairs.Select(pair => pair.Js).Median():0.00} {unit}"), Text($"{bound.Judge(ratio)}, {pairs.Count} pairs"),
            new JsonObject
            {
                ["unit"] = unit,
                ["medianRatio"] = ratio,
                ["bound"] = bound.Text,
                ["met"] = bound.Met(ratio),
                ["pairs"] = JsonSerializer.SerializeToNode(pairs, JsonSerializerOptions.Web),
            });
    }

    /// <summary>Adds a value of ours that has a bound of its own; js-libp2p's stands beside it.</summary>
    public void Add(string name, string unit, double ours, double js, Bound bound) => AddRow(
        name, Text($"{ours:0.00} {unit}"), Text($"{js:0.00} {unit}"), bound.Judge(ours),
        new JsonObject { ["unit"] = unit, ["ours"] = ours, ["js"] = js, ["bound"] = bound.Text, ["met"] = bound.Met(ours) });

    /// <summary>Adds what an attack changed for the honest hosts: delivery during it (first in each pair) and without it.</summary>
    public void AddAttack(string kind, IReadOnlyList<Pair> pairs, string cuts, Bound bound)
    {
        (double during, double without) = (pairs.Select(pair => pair.Ours).Median(), pairs.Select(pair => pair.Js).Median());
        double ratio = pairs.Select(pair => pair.Ratio).Median();
        AddRow(
            $"delivery p99, attack: {kind}", Text($"{during:0.00} ms, {without:0.00} ms without"), "-",
            Text($"{bound.Judge(ratio)}, {pairs.Count} pairs, cut off {cuts}"),
            new JsonObject
            {
                ["unit"] = "ms",
                ["medianRatio"] = ratio,
                ["cutOff"] = cuts,
                ["bound"] = bound.Text,
                ["met"] = bound.Met(ratio),
                ["pairs"] = new JsonArray([.. pairs.Select(pair => new JsonObject { ["during"] = pair.Ours, ["without"] = pair.Js, ["ratio"] = pair.Ratio })]),
            });
    }

    private void AddRow(string name, string ours, string js, string judgement, JsonObject details)
    {
        Console.WriteLine($"{name}: {ours}, js-libp2p {js}, {judgement}");
        AddRow(name, ours, js, judgement);
        Describe(name, details);
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace P2PMiner.Bench;

internal sealed class Report() : TableReport("benchmark", "p2p-miner", "C loop", "ratio or bound")
{
    /// <summary>Adds a row whose JSON is <paramref name="details"/>, under <paramref name="name"/>.</summary>
    public void Add(string name, string p2pMiner, string cLoop, string judgement, JsonNode details)
    {
        AddRow(name, p2pMiner, cLoop, judgement);
        Describe(JsonNamingPolicy.CamelCase.ConvertName(name.Replace(" ", "", StringComparison.Ordinal)), details);
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
}

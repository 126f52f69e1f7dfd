using System.Text.Json.Nodes;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Bench;

/// <summary>Share chain links decoded, validated and added per second, without their proof of work.</summary>
internal static class ShareChainLinks
{
    private const int Links = 20_000;
    private const int Runs = 5;

    public static void Measure(Report report)
    {
        ChainBenchmark.LinksPerSecond(Links, TimeProvider.System); // compiles what the measured runs use
        double[] rates = [.. Enumerable.Range(0, Runs).Select(_ => ChainBenchmark.LinksPerSecond(Links, TimeProvider.System))];
        report.Add(
            "share chain",
            Report.Text($"{rates.Median():0} links/s"), "", Report.Text($"{Runs} runs of {Links} links"),
            new JsonObject { ["medianLinksPerSecond"] = rates.Median(), ["linksPerSecond"] = new JsonArray([.. rates.Select(value => (JsonNode)value)]) });
    }
}

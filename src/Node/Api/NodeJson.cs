using System.Text.Json.Serialization;
using P2PMiner.Node.Api.History;
using P2PMiner.Node.Cli;

namespace P2PMiner.Node.Api;

/// <summary>JSON of everything that leaves the program: camelCase, null written out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true)]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(HardwareReport))]
[JsonSerializable(typeof(BenchResult))]
[JsonSerializable(typeof(HashResult))]
[JsonSerializable(typeof(ShareList))]
[JsonSerializable(typeof(PeerList))]
[JsonSerializable(typeof(ClusterReport))]
[JsonSerializable(typeof(HistoryReport))]
[JsonSerializable(typeof(HistoryPoint))]
[JsonSerializable(typeof(ContributionReport))]
[JsonSerializable(typeof(HealthStatus))]
[JsonSerializable(typeof(ApiError))]
internal sealed partial class NodeJson : JsonSerializerContext;

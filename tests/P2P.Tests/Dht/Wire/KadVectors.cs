using System.Text.Json;

namespace P2PMiner.P2P.Tests.Dht.Wire;

/// <summary>tests/vectors/kad-dht.json.</summary>
internal sealed record KadVectors(string Source, KadVector[] Vectors)
{
    private static readonly JsonSerializerOptions Names = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    internal static KadVectors Load()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "tests", "vectors")))
            folder = folder.Parent;
        string path = Path.Combine(folder?.FullName ?? "", "tests", "vectors", "kad-dht.json");
        return JsonSerializer.Deserialize<KadVectors>(File.ReadAllText(path), Names)!;
    }
}

/// <summary>One message and its parts; bytes as hexadecimal.</summary>
public sealed record KadVector(
    string Name, string Hex, string Type, string Key, KadVectorRecord? Record, KadVectorPeer[] Closer, KadVectorPeer[] Providers)
{
    public override string ToString() => Name;
}

public sealed record KadVectorRecord(string Key, string Value, string TimeReceived);

public sealed record KadVectorPeer(string Id, string[] Addresses);

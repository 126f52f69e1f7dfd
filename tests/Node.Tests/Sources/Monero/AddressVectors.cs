using System.Text.Json;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>Reads one array of a file in tests/vectors.</summary>
internal static class AddressVectors
{
    /// <summary>One test case a vector, named by its number and, where it has one of its own, its source.</summary>
    public static IEnumerable<TestCaseData> Cases(string name, string group = "vectors") =>
        Read(name, group).Select((vector, index) => new TestCaseData(vector).SetArgDisplayNames(
            vector.TryGetProperty("source", out JsonElement source) ? $"{index}: {source.GetString()}" : $"{index}"));

    public static IReadOnlyList<JsonElement> Read(string name, string group = "vectors")
    {
        DirectoryInfo? folder = new(TestContext.CurrentContext.TestDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "tests", "vectors")))
            folder = folder.Parent;
        string path = Path.Combine(folder?.FullName ?? "", "tests", "vectors", name);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return [.. document.RootElement.GetProperty(group).Clone().EnumerateArray()];
    }
}

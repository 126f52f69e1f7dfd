using System.Text.Json;

namespace P2PMiner.P2P.Tests.Support;

/// <summary>Reads tests/vectors/NAME.json: an object with "source" and "vectors", an array of objects.</summary>
internal static class VectorFile
{
    /// <summary>One test case a vector, named by its "name" where it has one.</summary>
    public static IEnumerable<TestCaseData> Cases(string name, string group = "vectors") =>
        Read(name, group).Select((vector, index) => new TestCaseData(vector).SetArgDisplayNames(
            vector.TryGetProperty("name", out JsonElement text) ? text.GetString()! : $"{index}"));

    public static IReadOnlyList<JsonElement> Read(string name, string group = "vectors")
    {
        DirectoryInfo? folder = new(TestContext.CurrentContext.TestDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "tests", "vectors")))
            folder = folder.Parent;
        string path = Path.Combine(folder?.FullName ?? "", "tests", "vectors", name);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return [.. document.RootElement.GetProperty(group).Clone().EnumerateArray()];
    }

    public static string Text(this JsonElement vector, string property) => vector.GetProperty(property).GetString()!;

    public static byte[] Hex(this JsonElement vector, string property) => Convert.FromHexString(vector.Text(property));
}

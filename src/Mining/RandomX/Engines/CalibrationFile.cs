using System.Text.Json;
using System.Text.Json.Nodes;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>Remembers between runs which machine was the fastest: a JSON object from circumstances to a machine's name.</summary>
/// <param name="path">Made when it is missing; its directory too. Null remembers nothing.</param>
internal sealed class CalibrationFile(string? path)
{
    /// <summary>More would be another program's file.</summary>
    private const long MaxSize = 1 << 20;

    /// <summary>The name of the machine, or null where there is none, or no file that can be read.</summary>
    /// <param name="circumstances">CPU, pages and whatever else decides.</param>
    public string? Find(string circumstances) => Read()[circumstances] is JsonValue value && value.TryGetValue(out string? name) ? name : null;

    /// <summary>Remembers a machine's name, beside those of other circumstances.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor may it.</exception>
    public void Keep(string circumstances, string name)
    {
        if (path is null)
            return;
        JsonObject all = Read();
        all[circumstances] = name;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, all.ToJsonString() + "\n");
    }

    private JsonObject Read()
    {
        try
        {
            if (path is null || !File.Exists(path) || new FileInfo(path).Length > MaxSize)
                return [];
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }
}

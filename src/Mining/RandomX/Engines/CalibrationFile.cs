using System.Text.Json;
using System.Text.Json.Nodes;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>
/// Remembers between runs which machine was the fastest, and on which CPUs the engines were compared: a JSON object of a version,
/// names of machines by circumstances, and CPUs. A file of another version counts as none.
/// </summary>
/// <param name="path">Made when it is missing; its directory too. Null remembers nothing.</param>
internal sealed class CalibrationFile(string? path)
{
    /// <summary>
    /// Grows whenever earlier choices are worth nothing any more. Before the second one there was no version, and the choice was
    /// made with inputs whose dataset lines were in the CPU's caches; the second has up to six lanes; since the third, code may round
    /// without MXCSR.
    /// </summary>
    public const int Version = 3;

    /// <summary>More would be another program's file.</summary>
    private const long MaxSize = 1 << 20;

    private const string VersionName = "version";
    private const string ChoicesName = "choices";
    private const string ComparedName = "compared";

    // Of this process: the engine and the comparison of engines write on threads of their own.
    private static readonly Lock Writing = new();

    /// <summary>The name of the machine, or null where there is none, or no file that can be read.</summary>
    /// <param name="circumstances">CPU, pages and whatever else decides.</param>
    public string? Find(string circumstances) => Text(ChoicesName, circumstances);

    /// <summary>Remembers a machine's name, beside those of other circumstances.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor may it.</exception>
    public void Keep(string circumstances, string name) => Write(ChoicesName, circumstances, name);

    /// <summary>Whether the engines gave the same hashes on a CPU.</summary>
    /// <param name="circumstances">CPU and program.</param>
    public bool IsCompared(string circumstances) => Text(ComparedName, circumstances) is not null;

    /// <summary>Remembers that they did.</summary>
    /// <inheritdoc cref="Keep" path="/exception"/>
    public void KeepCompared(string circumstances, long hashes) => Write(ComparedName, circumstances, $"{hashes} hashes");

    private string? Text(string section, string name) =>
        Read()[section] is JsonObject values && values[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private void Write(string section, string name, string text)
    {
        if (path is null)
            return;
        lock (Writing)
        {
            JsonObject all = Read();
            all[VersionName] = Version;
            if (all[section] is not JsonObject values)
                all[section] = values = [];
            values[name] = text;
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            File.WriteAllText(path, all.ToJsonString() + "\n");
        }
    }

    private JsonObject Read()
    {
        try
        {
            if (path is null || !File.Exists(path) || new FileInfo(path).Length > MaxSize)
                return [];
            return JsonNode.Parse(File.ReadAllText(path)) is JsonObject all
                && all[VersionName] is JsonValue version && version.TryGetValue(out int number) && number == Version ? all : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return [];
        }
    }
}

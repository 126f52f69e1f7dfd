using System.Text.Json;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>
/// Remembers between runs which machine was the fastest, and on which CPUs the engines were compared: a JSON object of a version,
/// names of machines by circumstances, and CPUs. A file of another version, or of another form, counts as none.
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

    // Of this process: the engine and the comparison of engines write on threads of their own.
    private static readonly Lock Writing = new();

    /// <summary>The name of the machine, or null where there is none, or no file that can be read.</summary>
    /// <param name="circumstances">CPU, pages and whatever else decides.</param>
    public string? Find(string circumstances) => Read().Choices.GetValueOrDefault(circumstances);

    /// <summary>Remembers a machine's name, beside those of other circumstances.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor may it.</exception>
    public void Keep(string circumstances, string name) => Write(content => content.Choices[circumstances] = name);

    /// <summary>Whether the engines gave the same hashes on a CPU.</summary>
    /// <param name="circumstances">CPU and program.</param>
    public bool IsCompared(string circumstances) => Read().Compared.ContainsKey(circumstances);

    /// <summary>Remembers that they did.</summary>
    /// <inheritdoc cref="Keep" path="/exception"/>
    public void KeepCompared(string circumstances, long hashes) => Write(content => content.Compared[circumstances] = $"{hashes} hashes");

    private void Write(Action<CalibrationContent> change)
    {
        if (path is null)
            return;
        lock (Writing)
        {
            CalibrationContent content = Read();
            change(content);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            File.WriteAllText(path, JsonSerializer.Serialize(content, CalibrationJson.Default.CalibrationContent) + "\n");
        }
    }

    private CalibrationContent Read()
    {
        CalibrationContent none = new() { Version = Version };
        try
        {
            if (path is null || !File.Exists(path) || new FileInfo(path).Length > MaxSize)
                return none;
            CalibrationContent? content = JsonSerializer.Deserialize(File.ReadAllText(path), CalibrationJson.Default.CalibrationContent);
            return content?.Version == Version ? content : none;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return none;
        }
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace P2PMiner.Benchmarks;

/// <summary>Collects what was measured: rows for the reader, and the same in JSON with every single measurement.</summary>
/// <param name="columns">Headings of the table.</param>
internal abstract class TableReport(params string[] columns)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonObject _json = [];
    private readonly Table _table = new Table().AddColumns(columns);

    /// <summary>Adds facts that belong to the JSON only.</summary>
    public void Describe(string name, JsonNode details) => _json[name] = details;

    public void Write(string path)
    {
        AnsiConsole.Write(_table);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, _json.ToJsonString(Indented) + "\n");
        Console.WriteLine($"every single measurement: {path}");
    }

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Adds a row to the table, of as many cells as it has columns.</summary>
    protected void AddRow(params string[] cells) => _table.AddRow([.. cells.Select(Markup.Escape)]);
}

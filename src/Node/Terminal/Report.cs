using Spectre.Console;

namespace P2PMiner.Node.Terminal;

/// <summary>One line of a report.</summary>
internal readonly record struct ReportRow(string Name, string Value);

/// <summary>Rows under a heading.</summary>
internal sealed record ReportSection(string Title, IReadOnlyList<ReportRow> Rows);

/// <summary>What a command has to say to people: sections of names and values.</summary>
internal static class Report
{
    /// <summary>Writes boxes and colours on a terminal, plain aligned lines elsewhere.</summary>
    public static void Write(TextWriter output, bool isTerminal, IReadOnlyList<ReportSection> sections)
    {
        if (isTerminal)
            WriteBoxes(output, sections);
        else
            WriteLines(output, sections);
    }

    private static void WriteLines(TextWriter output, IReadOnlyList<ReportSection> sections)
    {
        int width = sections.SelectMany(section => section.Rows).Max(row => row.Name.Length);
        foreach (ReportSection section in sections)
        {
            output.WriteLine(section.Title);
            foreach (ReportRow row in section.Rows)
                output.WriteLine($"  {row.Name.PadRight(width)}  {row.Value}");
        }
    }

    private static void WriteBoxes(TextWriter output, IReadOnlyList<ReportSection> sections)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        int width = sections.SelectMany(section => section.Rows).Max(row => row.Name.Length);
        foreach (ReportSection section in sections)
        {
            Grid grid = new Grid().AddColumn(new GridColumn().Width(width).NoWrap().PadRight(2)).AddColumn();
            foreach (ReportRow row in section.Rows)
                grid.AddRow(new Text(row.Name, new Style(Color.Grey)), new Text(row.Value));
            console.Write(new Panel(grid).Expand().Border(BoxBorder.Rounded).BorderColor(Color.Grey).Header($"[bold]{section.Title}[/]"));
        }
    }
}

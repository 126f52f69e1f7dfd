using System.Globalization;
using P2PMiner.Node.Api;
using P2PMiner.Node.Logging;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace P2PMiner.Node.Terminal;

/// <summary>Lays a status out as lines of a terminal.</summary>
internal static class PanelLayout
{
    private const int NameWidth = 9;
    private const int BarWidth = 24;

    /// <summary>A box's borders, and the title line.</summary>
    private const int FrameRows = 2;
    private const int MaxDaemons = 4;

    /// <summary>At most <paramref name="rows"/> lines of at most <paramref name="columns"/> cells, with colours.</summary>
    public static IReadOnlyList<string> Render(NodeStatus status, int columns, int rows)
    {
        List<(string Name, IRenderable Value)> facts = Facts(status);
        List<IRenderable> parts = [Title(status), Box("Mining", Grid(facts))];
        int eventRows = rows - 1 - (facts.Count + FrameRows) - FrameRows;
        if (eventRows > 0)
            parts.Add(Box("Events", Events(status.Events, eventRows)));
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
                ? ColorSystemSupport.Standard
                : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = columns;
        console.Profile.Height = rows;
        console.Write(new Rows(parts));
        return [.. text.ToString().TrimEnd('\n').Split('\n').Take(rows)];
    }

    private static Text Title(NodeStatus status) => Line(
        $"p2p-miner {status.Version}  {StatusReport.StateText(status)}  cluster {status.Cluster}  up {Units.Duration(status.UptimeSeconds)}"
        + "  (Ctrl-C stops)", new Style(StateColour(status.State), decoration: Decoration.Bold));

    private static List<(string Name, IRenderable Value)> Facts(NodeStatus status) =>
    [
        ("hash rate", Line(StatusReport.HashrateText(status.Hashrate), new Style(Color.Aqua))),
        ("job", Line(StatusReport.JobText(status.Job))),
        ("shares", Line(StatusReport.SharesText(status.Shares), Counted(status.Shares.Accepted, status.Shares.Rejected))),
        ("blocks", Line(StatusReport.BlocksText(status.Blocks), Counted(status.Blocks.Accepted, status.Blocks.Rejected))),
        ("chain", Line(StatusReport.ChainText(status.Chain))),
        ("dataset", Line(Bar(status.Dataset) + StatusReport.DatasetText(status.Dataset))),
        ("memory", Line(MemoryText(status))),
        ("threads", Line($"{status.Threads}, {status.Algorithm}, engine {status.Engine}")),
        .. status.Daemons.Take(MaxDaemons).Select(daemon => (
            "daemon", (IRenderable)Line(StatusReport.DaemonText(daemon), daemon.State == "failed" ? new Style(Color.Red) : null))),
    ];

    private static string MemoryText(NodeStatus status)
    {
        StructurePages pages = status.PagesByStructure;
        return $"{status.Memory}; pages: dataset {pages.Dataset ?? "none"}, cache {pages.Cache ?? "none"}, scratchpads {pages.Scratchpad ?? "none"}";
    }

    private static string Bar(DatasetStatus? dataset)
    {
        if (dataset is not { State: "building" or "loading" })
            return "";
        int filled = (int)(BarWidth * Math.Clamp(dataset.Progress, 0, 1));
        return new string('█', filled) + new string('░', BarWidth - filled) + " ";
    }

    private static Rows Events(IReadOnlyList<NodeEvent> events, int rows)
    {
        IEnumerable<IRenderable> lines = events.TakeLast(rows).Select(entry => (IRenderable)Line(
            $"{entry.Time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {entry.Message}", EventStyle(entry.Level)));
        return new Rows(lines.Concat(Enumerable.Repeat<IRenderable>(Line(" "), Math.Max(0, rows - events.Count))));
    }

    private static Grid Grid(List<(string Name, IRenderable Value)> facts)
    {
        Grid grid = new Grid().AddColumn(new GridColumn().Width(NameWidth).NoWrap().PadLeft(0).PadRight(1))
            .AddColumn(new GridColumn().NoWrap().PadLeft(0).PadRight(0));
        foreach ((string name, IRenderable value) in facts)
            grid.AddRow(Line(name, new Style(Color.Grey)), value);
        return grid;
    }

    private static Panel Box(string title, IRenderable content) =>
        new Panel(content).Expand().Border(BoxBorder.Rounded).BorderColor(Color.Grey).Header($"[bold]{title}[/]");

    private static Text Line(string text, Style? style = null) =>
        new(LogText.OneLine(text), style) { Overflow = Overflow.Ellipsis };

    private static Style? Counted(long accepted, long rejected) =>
        rejected > 0 ? new Style(Color.Yellow) : accepted > 0 ? new Style(Color.Green) : null;

    private static Style? EventStyle(string level) => level switch
    {
        "error" => new Style(Color.Red),
        "warning" => new Style(Color.Yellow),
        _ => null,
    };

    private static Color StateColour(NodeState state) => state switch
    {
        NodeState.Mining => Color.Green,
        NodeState.Paused or NodeState.Stopping => Color.Yellow,
        _ => Color.Default,
    };
}

using System.Globalization;
using P2PMiner.Node.Api;
using P2PMiner.Node.Logging;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace P2PMiner.Node.Terminal;

/// <summary>Lays a status out as lines of a terminal.</summary>
internal static class PanelLayout
{
    private const int TitleRows = 1;
    private const int NameWidth = 10;
    private const int BarWidth = 16;
    private const int MaxDaemons = 4;

    /// <summary>A box's borders above and below.</summary>
    private const int FrameRows = 2;

    /// <summary>A box's borders and padding left and right.</summary>
    private const int FrameColumns = 4;

    /// <summary>At most <paramref name="rows"/> lines of at most <paramref name="columns"/> cells, with colours.</summary>
    public static IReadOnlyList<string> Render(NodeStatus status, int columns, int rows)
    {
        int inside = Math.Max(1, columns - FrameColumns);
        IRenderable[] facts = [.. Facts(status).Select(fact => Fact(fact, inside))];
        List<IRenderable> parts = [Title(status, columns), Box("Mining", facts)];
        int eventRows = rows - TitleRows - (facts.Length + FrameRows) - FrameRows;
        if (eventRows > 0)
            parts.Add(Box("Events", Events(status.Events, inside, eventRows)));
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

    private static Text Title(NodeStatus status, int columns)
    {
        string text = $"p2p-miner {status.Version}  {StatusReport.StateText(status)}  cluster {status.Cluster}"
            + $"  up {Units.Duration(status.UptimeSeconds)}  (Ctrl-C stops)";
        return new Text(Crop(text, columns), new Style(StateColour(status.State), decoration: Decoration.Bold));
    }

    private static IEnumerable<(string Name, string Value, Style Style)> Facts(NodeStatus status) =>
    [
        ("hash rate", StatusReport.HashrateText(status.Hashrate), new Style(Color.Aqua)),
        ("cluster", StatusReport.ClusterText(status), status.ClusterTotals.Peers > 0 ? new Style(Color.Green) : Style.Plain),
        ("job", StatusReport.JobText(status.Job), Style.Plain),
        ("shares", StatusReport.SharesText(status.Shares), CountStyle(status.Shares.Accepted, status.Shares.Rejected)),
        ("blocks", StatusReport.BlocksText(status.Blocks), CountStyle(status.Blocks.Accepted, status.Blocks.Rejected)),
        ("chain", StatusReport.ChainText(status.Chain), Style.Plain),
        ("dataset", Bar(status.Dataset) + StatusReport.DatasetText(status.Dataset), Style.Plain),
        ("memory", MemoryText(status), Style.Plain),
        ("threads", $"{status.Threads}, {status.Algorithm}, engine {status.Engine}", Style.Plain),
        .. status.Daemons.Take(MaxDaemons).Select(daemon => (
            "daemon", StatusReport.DaemonText(daemon), daemon.State == "faulted" ? new Style(Color.Red) : Style.Plain)),
    ];

    private static Paragraph Fact((string Name, string Value, Style Style) fact, int columns) =>
        new Paragraph(Crop(fact.Name.PadRight(NameWidth), columns), new Style(Color.Grey))
            .Append(Crop(fact.Value, Math.Max(0, columns - NameWidth)), fact.Style);

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

    private static IEnumerable<IRenderable> Events(IReadOnlyList<NodeEvent> events, int columns, int rows)
    {
        foreach (NodeEvent entry in events.TakeLast(rows))
        {
            string time = entry.Time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
            yield return new Text(Crop($"{time} {entry.Message}", columns), EventStyle(entry.Level));
        }
        for (int row = events.Count; row < rows; row++)
            yield return new Text(" ");
    }

    private static Panel Box(string title, IEnumerable<IRenderable> lines) =>
        new Panel(new Rows(lines)).Expand().Border(BoxBorder.Rounded).BorderColor(Color.Grey).Header($"[bold]{title}[/]");

    private static string Crop(string text, int columns)
    {
        string line = LogText.OneLine(text);
        return line.Length <= columns ? line : columns == 0 ? "" : line[..(columns - 1)] + "…";
    }

    private static Style CountStyle(long accepted, long rejected) =>
        rejected > 0 ? new Style(Color.Yellow) : accepted > 0 ? new Style(Color.Green) : Style.Plain;

    private static Style EventStyle(string level) => level switch
    {
        "error" => new Style(Color.Red),
        "warning" => new Style(Color.Yellow),
        _ => Style.Plain,
    };

    private static Color StateColour(NodeState state) => state switch
    {
        NodeState.Mining => Color.Green,
        NodeState.Paused or NodeState.Stopping => Color.Yellow,
        _ => Color.Default,
    };
}

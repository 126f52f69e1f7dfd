using System.Globalization;
using P2PMiner.Node.Api;
using P2PMiner.Node.Logging;
using P2PMiner.Node.Sources.Monero;
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

    /// <summary>Headings, a node, and how many others there are.</summary>
    private const int MinNodeRows = 3;

    private const int FewNodeRows = 6;
    private const int MinEventRows = 3;

    /// <summary>A lower terminal has better use for the line of hash rates.</summary>
    private const int RowsWithRates = 30;

    /// <summary>A cell of the line of hash rates is a quarter of a minute.</summary>
    private const int RatesPerCell = 3;

    /// <summary>Of the line of hash rates: ten minutes.</summary>
    private const int MaxRateCells = 40;

    /// <summary>A box's borders above and below.</summary>
    private const int FrameRows = 2;

    /// <summary>A box's borders and padding left and right.</summary>
    private const int FrameColumns = 4;

    /// <summary>At most <paramref name="rows"/> lines of at most <paramref name="columns"/> cells, with colours.</summary>
    public static IReadOnlyList<string> Render(PanelView view, int columns, int rows)
    {
        NodeStatus status = view.Status;
        int inside = Math.Max(1, columns - FrameColumns);
        IRenderable[] facts = [.. Facts(view, rows < RowsWithRates ? 0 : inside).Select(fact => Fact(fact, inside))];
        List<IRenderable> parts = [Title(status, columns), Box("Mining", facts)];
        int left = rows - TitleRows - (facts.Length + FrameRows);
        int nodeRows = NodeRows(view.Cluster, left);
        if (nodeRows > 0)
        {
            parts.Add(Box("Nodes", NodesBox.Lines(view.Cluster, inside, nodeRows)));
            left -= nodeRows + FrameRows;
        }
        int eventRows = left - FrameRows;
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

    /// <summary>Headings included; half of what is left, a few where that is little, and nothing for a node that is alone.</summary>
    private static int NodeRows(ClusterReport cluster, int left)
    {
        int most = Math.Max((left / 2) - FrameRows, Math.Min(FewNodeRows, left - (2 * FrameRows) - MinEventRows));
        return cluster.Members.Count < 2 || most < MinNodeRows ? 0 : Math.Min(cluster.Members.Count + 1, most);
    }

    private static Text Title(NodeStatus status, int columns)
    {
        string text = $"p2p-miner {status.Version}  {StatusReport.StateText(status)}  cluster {status.Cluster}"
            + $"  up {Units.Duration(status.UptimeSeconds)}  (Ctrl-C stops)";
        return new Text(Crop(text, columns), new Style(StateColour(status.State), decoration: Decoration.Bold));
    }

    private static IEnumerable<(string Name, string Value, Style Style)> Facts(PanelView view, int inside)
    {
        NodeStatus status = view.Status;
        string rates = Sparkline.Of(view.Rates, Math.Min(MaxRateCells, inside - NameWidth), RatesPerCell);
        foreach ((string, string, Style) fact in Facts(status))
        {
            yield return fact;
            if (fact.Item1 == "cluster" && rates.Length > 0)
                yield return ("", rates, new Style(Color.Green));
        }
    }

    private static IEnumerable<(string Name, string Value, Style Style)> Facts(NodeStatus status) =>
    [
        ("hash rate", StatusReport.HashrateText(status.Hashrate), new Style(Color.Aqua)),
        ("cluster", StatusReport.ClusterText(status), status.ClusterTotals.Peers > 0 ? new Style(Color.Green) : Style.Plain),
        ("job", StatusReport.JobText(status), PaysOthers(status) ? new Style(Color.Yellow) : Style.Plain),
        ("shares", StatusReport.SharesText(status.Shares), CountStyle(status.Shares.Accepted, status.Shares.Rejected)),
        ("blocks", StatusReport.BlocksText(status.Blocks), CountStyle(status.Blocks.Accepted, status.Blocks.Rejected)),
        ("chain", StatusReport.ChainText(status.Chain), Style.Plain),
        ("dataset", Bar(status.Dataset) + StatusReport.DatasetText(status.Dataset), Style.Plain),
        ("memory", MemoryText(status), Style.Plain),
        ("threads", $"{status.Threads}, {status.Algorithm}, engine {status.Engine}; {status.Role}", Style.Plain),
        .. status.Daemons.Take(MaxDaemons).Select(daemon => (
            "daemon", StatusReport.DaemonText(daemon), daemon.State == NodeSnapshot.Word(DaemonState.Faulted) ? new Style(Color.Red) : Style.Plain)),
    ];

    /// <summary>Whether somebody else's wallet is mined for although this node has a daemon of its own.</summary>
    private static bool PaysOthers(NodeStatus status) =>
        status.Daemons.Count > 0 && status.Job?.Publisher is string publisher && publisher != status.PeerId;

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

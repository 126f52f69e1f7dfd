using System.Globalization;
using P2PMiner.Node.Api;
using P2PMiner.Node.Logging;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace P2PMiner.Node.Terminal;

/// <summary>The nodes of the cluster as rows of the panel: as many columns as the terminal is wide enough for.</summary>
internal static class NodesBox
{
    private const int Gap = 2;
    private const int MaxName = 24;
    private const int MinName = 8;

    /// <summary>In the order of their worth: in a narrow terminal the last ones are left out. Shown in the order of <see cref="Column.Place"/>.</summary>
    private static readonly Column[] Columns =
    [
        new(2, "hash rate", 12, IsNumber: true, member => Units.Hashrate(member.Hashrate)),
        new(1, "role", 14, IsNumber: false, Role),
        new(6, "link", 8, IsNumber: true, member => member.Chain.Height.ToString(CultureInfo.InvariantCulture)),
        new(4, "memory", 6, IsNumber: false, member => member.Memory),
        new(5, "latency", 9, IsNumber: true, Latency),
        new(3, "threads", 7, IsNumber: true, member => member.Threads.ToString(CultureInfo.InvariantCulture)),
        new(7, "address", 32, IsNumber: false, member => member.Address ?? (member.IsSelf ? "" : "through others")),
    ];

    /// <summary>A line of headings and one for each node, the last telling how many are left out.</summary>
    /// <param name="cluster">The nodes, this one first.</param>
    /// <param name="columns">Cells of a line.</param>
    /// <param name="rows">Lines, at least 2.</param>
    public static IEnumerable<IRenderable> Lines(ClusterReport cluster, int columns, int rows)
    {
        int name = Math.Clamp(cluster.Members.Max(member => Name(member).GetCellWidth()), MinName, MaxName);
        Column[] shown = [.. Fitting(columns - name).OrderBy(column => column.Place)];
        yield return new Text(Line(Fit("node", name, isNumber: false), shown, column => column.Heading, columns), new Style(Color.Grey));
        bool isCut = cluster.Totals.Members > rows - 1;
        int nodes = isCut ? rows - 2 : rows - 1;
        foreach (ClusterMember member in cluster.Members.Take(nodes))
        {
            string line = Line(Fit(Name(member), name, isNumber: false), shown, column => column.Value(member), columns);
            yield return new Text(line, member.IsSelf ? new Style(Color.Aqua) : Style.Plain);
        }
        if (isCut)
            yield return new Text(Fit($"and {cluster.Totals.Members - nodes} more", columns, isNumber: false), new Style(Color.Grey));
    }

    private static IEnumerable<Column> Fitting(int room)
    {
        foreach (Column column in Columns)
        {
            room -= Gap + column.Width;
            if (room < 0)
                yield break;
            yield return column;
        }
    }

    private static string Line(string name, Column[] shown, Func<Column, string> value, int columns) =>
        Fit(name + string.Concat(shown.Select(column => new string(' ', Gap) + Fit(value(column), column.Width, column.IsNumber))), columns, isNumber: false);

    private static string Name(ClusterMember member) => LogText.OneLine(member.Name.Length > 0 ? member.Name : Units.Short(member.PeerId));

    private static string Role(ClusterMember member) => member.Role == "dataset host, worker" ? "host + worker" : member.Role;

    private static string Latency(ClusterMember member) =>
        member.LatencySeconds is double seconds ? FormattableString.Invariant($"{seconds * 1000:0.0} ms") : "";

    /// <summary>Exactly so many cells; wide characters count twice.</summary>
    private static string Fit(string text, int cells, bool isNumber)
    {
        text = LogText.OneLine(text);
        while (text.GetCellWidth() > cells)
            text = text.Length <= 2 ? "" : text[..^2] + "…";
        string padding = new(' ', cells - text.GetCellWidth());
        return isNumber ? padding + text : text + padding;
    }

    /// <param name="Place">Among those shown, from left to right.</param>
    /// <param name="Heading">Over it.</param>
    /// <param name="Width">In cells.</param>
    /// <param name="IsNumber">Whether it stands on the right.</param>
    /// <param name="Value">Of a node.</param>
    private sealed record Column(int Place, string Heading, int Width, bool IsNumber, Func<ClusterMember, string> Value);
}

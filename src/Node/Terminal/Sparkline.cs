namespace P2PMiner.Node.Terminal;

/// <summary>Numbers over time as a line of bars, one cell high.</summary>
internal static class Sparkline
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <summary>The last values, each cell the mean of as many of them as fit; the greatest is a full cell.</summary>
    /// <param name="values">Oldest first; null where not known.</param>
    /// <param name="width">Cells.</param>
    /// <param name="perCell">Values of one cell.</param>
    /// <returns>Empty when there are not two cells to compare.</returns>
    public static string Of(IReadOnlyList<double?> values, int width, int perCell)
    {
        int cells = Math.Min(width, values.Count / perCell);
        if (cells < 2)
            return "";
        double?[] means = [.. values.TakeLast(cells * perCell).Chunk(perCell).Select(chunk => chunk.Average())];
        double top = means.Max() ?? 0;
        return string.Concat(means.Select(mean => mean is not double known ? ' ' : top <= 0 ? Bars[0] : Bars[(int)Math.Round(known / top * (Bars.Length - 1))]));
    }
}

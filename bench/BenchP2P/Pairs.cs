namespace P2PMiner.BenchP2P;

/// <summary>One measurement of each side, taken next to each other.</summary>
internal sealed record Pair(double Ours, double Js)
{
    public double Ratio => Ours / Js;
}

internal static class Pairs
{
    /// <summary>
    /// Measures both sides in turn. Which one goes first changes from pair to pair, so that a machine that becomes slower
    /// or faster meanwhile favours neither.
    /// </summary>
    public static async Task<List<Pair>> AlternateAsync(int count, Func<Task<double>> ours, Func<Task<double>> js)
    {
        var pairs = new List<Pair>(count);
        for (int i = 0; i < count; i++)
        {
            double first = await (i % 2 == 0 ? ours() : js());
            double second = await (i % 2 == 0 ? js() : ours());
            pairs.Add(i % 2 == 0 ? new Pair(first, second) : new Pair(second, first));
        }
        return pairs;
    }

    public static double Median(this IEnumerable<double> values) => values.Quantile(0.5);

    /// <summary>The value below which this part of all values lies, between neighbours interpolated.</summary>
    public static double Quantile(this IEnumerable<double> values, double part)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            return double.NaN;
        double position = part * (sorted.Length - 1);
        int below = (int)position;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}

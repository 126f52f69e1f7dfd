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
}

namespace P2PMiner.Bench;

/// <summary>One measurement of each side, taken next to each other.</summary>
internal sealed record Pair(double P2PMiner, double CLoop)
{
    public double Ratio => P2PMiner / CLoop;
}

internal static class Pairs
{
    /// <summary>
    /// Measures both sides in turn. Which one goes first changes from pair to pair, so that a machine that becomes slower
    /// or faster meanwhile favours neither.
    /// </summary>
    public static List<Pair> Alternate(int count, Func<double> p2pMiner, Func<double> cLoop, Action<Pair> report)
    {
        var pairs = new List<Pair>(count);
        for (int i = 0; i < count; i++)
        {
            double first = i % 2 == 0 ? p2pMiner() : cLoop();
            double second = i % 2 == 0 ? cLoop() : p2pMiner();
            pairs.Add(i % 2 == 0 ? new Pair(first, second) : new Pair(second, first));
            report(pairs[^1]);
        }
        return pairs;
    }
}

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>Chooses the fastest of several machines by measuring them in turn, several times round.</summary>
internal static class Calibration
{
    /// <summary>Times round: the median of so many slices is not moved by one that was disturbed.</summary>
    public const int Rounds = 3;

    /// <param name="candidates">At least one.</param>
    /// <param name="measure">Hashes per second of one slice, or null for wrong hashes, which ends a candidate's part.</param>
    /// <param name="cancellation">Looked at between slices.</param>
    /// <returns>The one with the greatest median, and all medians; no choice where every candidate's hashes were wrong.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static (FullMachine? Choice, IReadOnlyList<(FullMachine Machine, double? Rate)> Rates) Choose(
        IReadOnlyList<FullMachine> candidates, Func<FullMachine, double?> measure, CancellationToken cancellation)
    {
        List<double?>[] rates = [.. candidates.Select(_ => new List<double?>())];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < candidates.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!rates[i].Contains(null))
                    rates[i].Add(measure(candidates[i]));
            }
        }
        (FullMachine Machine, double? Rate)[] medians =
            [.. candidates.Select((machine, i) => (machine, rates[i].Contains(null) ? null : rates[i].Order().ElementAt(Rounds / 2)))];
        FullMachine? choice = medians.Where(m => m.Rate is not null).OrderByDescending(m => m.Rate).Select(m => m.Machine).FirstOrDefault();
        return (choice, medians);
    }
}

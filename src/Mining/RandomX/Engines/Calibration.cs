namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>Chooses the fastest of many machines by measuring them in turn: each once, shortly, and the best of them several times round.</summary>
internal static class Calibration
{
    /// <summary>Of one measurement of each; so many are measured that they may not take long.</summary>
    public static readonly TimeSpan FirstSlice = TimeSpan.FromMilliseconds(80);

    /// <summary>Of one measurement of the best.</summary>
    public static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(200);

    /// <summary>Times round: the median of so many slices is not moved by one that was disturbed.</summary>
    public const int Rounds = 3;

    /// <summary>How many are measured more than once.</summary>
    public const int Finalists = 4;

    /// <param name="candidates">At least one.</param>
    /// <param name="measure">Hashes per second of one slice of a given length, or null for wrong hashes, which ends a candidate's part.</param>
    /// <param name="cancellation">Looked at between slices.</param>
    /// <returns>
    /// The one with the greatest median, and what all were measured with: the median, or what the first slice gave. No choice where
    /// every candidate's hashes were wrong.
    /// </returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static (FullMachine? Choice, IReadOnlyList<(FullMachine Machine, double? Rate)> Rates) Choose(
        IReadOnlyList<FullMachine> candidates, Func<FullMachine, TimeSpan, double?> measure, CancellationToken cancellation)
    {
        Dictionary<FullMachine, double?> rates = [];
        foreach (FullMachine machine in candidates)
        {
            cancellation.ThrowIfCancellationRequested();
            rates[machine] = measure(machine, FirstSlice);
        }
        FullMachine[] finalists = [.. candidates.Where(m => rates[m] is not null).OrderByDescending(m => rates[m]).Take(Finalists)];
        Dictionary<FullMachine, List<double?>> slices = finalists.ToDictionary(m => m, _ => new List<double?>());
        for (int round = 0; round < Rounds; round++)
        {
            foreach (FullMachine machine in finalists)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!slices[machine].Contains(null))
                    slices[machine].Add(measure(machine, Slice));
            }
        }
        foreach (FullMachine machine in finalists)
            rates[machine] = slices[machine].Contains(null) ? null : slices[machine].Order().ElementAt(Rounds / 2);
        FullMachine? choice = finalists.Where(m => rates[m] is not null).OrderByDescending(m => rates[m]).FirstOrDefault();
        return (choice, [.. candidates.Select(machine => (machine, rates[machine]))]);
    }
}

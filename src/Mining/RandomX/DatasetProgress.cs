namespace P2PMiner.Mining.RandomX;

/// <summary>How far work on a dataset is.</summary>
/// <param name="ItemsDone">Items finished.</param>
/// <param name="ItemsTotal">Items in all.</param>
/// <param name="ItemsPerSecond">Mean rate since the start; 0 before the first chunk.</param>
/// <param name="Eta">Remaining time at that rate; null while the rate is unknown.</param>
/// <param name="ItemsRemote">Of those finished, the ones that came from other machines.</param>
public readonly record struct DatasetProgress(int ItemsDone, int ItemsTotal, double ItemsPerSecond, TimeSpan? Eta, int ItemsRemote)
{
    /// <summary>Of those finished, the ones that came from the dataset file.</summary>
    public int ItemsFromFile { get; init; }

    /// <summary>0 to 1.</summary>
    public double Fraction => ItemsTotal == 0 ? 1 : (double)ItemsDone / ItemsTotal;

    internal static DatasetProgress At(int done, int total, TimeSpan elapsed, int remote = 0)
    {
        double rate = elapsed > TimeSpan.Zero ? done / elapsed.TotalSeconds : 0;
        TimeSpan? eta = rate > 0 ? TimeSpan.FromSeconds((total - done) / rate) : null;
        return new DatasetProgress(done, total, rate, eta, remote);
    }
}

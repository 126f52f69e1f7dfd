namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>How fast a host sends chunks, how many to ask it for at once, and whether it is worth asking.</summary>
internal sealed class RunLength
{
    /// <summary>Of the time that this machine takes for a chunk, a host may take so much more.</summary>
    public const double Worth = 20;

    /// <summary>Chunks of one request.</summary>
    public const int Most = 16;

    /// <summary>A request takes about so long: enough to forget the way to the host and back, and little to be given back.</summary>
    private const double Seconds = 0.5;

    /// <summary>The weight of the last run.</summary>
    private const double Newest = 0.5;

    /// <summary>Chunks per second; 0 before the first run.</summary>
    public double Rate { get; private set; }

    /// <summary>Chunks to ask for next.</summary>
    public int Next => Math.Clamp((int)(Rate * Seconds), 1, Most);

    public void Add(int chunks, TimeSpan elapsed)
    {
        double rate = chunks / Math.Max(elapsed.TotalSeconds, 1e-6);
        Rate = Rate == 0 ? rate : Newest * rate + (1 - Newest) * Rate;
    }

    /// <summary>Whether its chunks make a difference beside those that are computed here, at <paramref name="localRate"/> per second.</summary>
    public bool IsWorthIt(double localRate) => Rate * Worth >= localRate;
}

namespace P2PMiner.P2P.PubSub;

/// <summary>How fast messages of one topic are read from one neighbour, whoever their authors are.</summary>
/// <param name="PerSecond">In the long run; positive.</param>
/// <param name="AtOnce">More than that, after a pause; at least 1.</param>
public sealed record MessageRate(double PerSecond, int AtOnce)
{
    internal void Validate(string topic)
    {
        if (!(PerSecond > 0 && double.IsFinite(PerSecond)) || AtOnce < 1)
            throw new ArgumentException($"rate of {topic}: a positive number per second, and at least 1 at once");
    }
}

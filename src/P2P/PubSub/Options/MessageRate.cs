namespace P2PMiner.P2P.PubSub;

/// <summary>How fast messages of one topic are read from one neighbour, whoever their authors are.</summary>
/// <param name="PerSecond">In the long run; positive.</param>
/// <param name="AtOnce">More than that, after a pause; at least 1.</param>
/// <param name="Size">Bytes of data that count as one message; at least 1. A larger message counts as several.</param>
public sealed record MessageRate(double PerSecond, int AtOnce, int Size = int.MaxValue)
{
    /// <summary>As how many a message counts.</summary>
    /// <param name="bytes">Of its data, at least 0.</param>
    internal int CountOf(int bytes) => 1 + Math.Max(0, bytes - 1) / Size;

    internal void Validate(string topic)
    {
        if (!(PerSecond > 0 && double.IsFinite(PerSecond)) || AtOnce < 1 || Size < 1)
            throw new ArgumentException($"rate of {topic}: a positive number per second, and at least 1 at once, of at least 1 byte");
    }
}

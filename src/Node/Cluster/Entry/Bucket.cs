namespace P2PMiner.Node.Cluster.Entry;

/// <summary>So much at once, and so much per second after that; what is taken may exceed what is there, and is owed then. Not thread-safe.</summary>
/// <param name="burst">At once.</param>
/// <param name="perSecond">In the long run.</param>
/// <param name="time">Fills it.</param>
internal sealed class Bucket(double burst, double perSecond, TimeProvider time)
{
    private double _taken;
    private long _at = time.GetTimestamp();

    /// <summary>What is there; negative when something is owed.</summary>
    public double Left
    {
        get
        {
            long now = time.GetTimestamp();
            _taken = Math.Max(0, _taken - time.GetElapsedTime(_at, now).TotalSeconds * perSecond);
            _at = now;
            return burst - _taken;
        }
    }

    /// <summary>Takes one, if it is there.</summary>
    public bool TryTake()
    {
        if (Left < 1)
            return false;
        _taken++;
        return true;
    }

    /// <summary>Takes an amount, there or not.</summary>
    public void Take(double amount) => _taken = burst - Left + amount;
}

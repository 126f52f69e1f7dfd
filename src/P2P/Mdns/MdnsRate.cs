namespace P2PMiner.P2P.Mdns;

/// <summary>Lets through so many packets per second on average, and twice as many in a burst. For one thread.</summary>
internal sealed class MdnsRate(TimeProvider time, int perSecond)
{
    private double _tokens = 2.0 * perSecond;
    private long _filled = time.GetTimestamp();

    public bool TryTake()
    {
        long now = time.GetTimestamp();
        _tokens = Math.Min(2.0 * perSecond, _tokens + (time.GetElapsedTime(_filled, now).TotalSeconds * perSecond));
        _filled = now;
        if (_tokens < 1)
            return false;
        _tokens--;
        return true;
    }
}

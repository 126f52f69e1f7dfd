using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.PubSub.Peers;

/// <summary>
/// Holds a peer to the rates of its topics: what is beyond them is not read until its time has come, so that it costs nothing here and waits
/// at its source. Belongs to the router's lock, but for <see cref="Pause"/>.
/// </summary>
internal sealed class PeerPace(IReadOnlyDictionary<string, MessageRate> rates, TimeProvider time)
{
    /// <summary>A pause is no shorter, or each message would come alone.</summary>
    private static readonly TimeSpan MinPause = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, TokenBucket> _buckets = new(StringComparer.Ordinal);
    private long _resume;

    /// <summary>Counts a message that is to be verified.</summary>
    /// <param name="topic">Of the message.</param>
    /// <param name="bytes">Of its data.</param>
    /// <returns>False if it is one of so many in a single RPC that it is not worth waiting for.</returns>
    internal bool TryTake(string topic, int bytes)
    {
        if (!rates.TryGetValue(topic, out MessageRate? rate))
            return true;
        if (!_buckets.TryGetValue(topic, out TokenBucket? bucket))
            _buckets.Add(topic, bucket = new TokenBucket(rate.AtOnce, rate.PerSecond, time));
        if (bucket.Debt().TotalSeconds * rate.PerSecond >= rate.AtOnce)
            return false;
        if (!bucket.TryTake(rate.CountOf(bytes)))
            Hold(bucket.Debt());
        return true;
    }

    /// <summary>How long nothing is to be read from the peer. Can be called under no lock.</summary>
    internal TimeSpan Pause
    {
        get
        {
            long resume = Interlocked.Read(ref _resume);
            if (resume == 0)
                return TimeSpan.Zero;
            TimeSpan left = new TimeSpan(resume) - time.Monotonic();
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    private void Hold(TimeSpan debt)
    {
        if (Pause == TimeSpan.Zero)
            PubSubMetrics.Pauses.Add(1);
        long resume = (time.Monotonic() + (debt > MinPause ? debt : MinPause)).Ticks;
        Interlocked.Exchange(ref _resume, Math.Max(resume, Interlocked.Read(ref _resume)));
    }
}

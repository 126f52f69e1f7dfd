namespace P2PMiner.Node.ShareChain;

/// <summary>
/// What time it is for the chain: this machine's clock, unless the others' work shows that it is wrong. New links say what time
/// their miners believe it is, and each cost its miner a proof of work; when the middle one of the last says that this clock is
/// more than a minute off, it is corrected by as much. Times are in seconds. Not thread-safe: belongs to
/// <see cref="ShareTree"/>, which locks.
/// </summary>
internal sealed class ChainClock
{
    /// <summary>How far a link may be ahead of the time here, and how far a clock may be off before it counts as wrong.</summary>
    public const ulong Tolerance = 60;

    /// <summary>
    /// By the work of how many links a branch that is ahead of the time here has to be the heavier one before it is believed. A
    /// third of all work gets so far ahead of the rest once in 4,000 attempts, a tenth never.
    /// </summary>
    public const int OutvotingLinks = 12;

    /// <summary>
    /// How many of the last links are asked, and how many there have to be at least: a third of all work is hardly ever the
    /// majority among so many.
    /// </summary>
    public const int Window = 101, Least = 31;

    /// <summary>More than any clock is off; keeps sums of hostile timestamps in range.</summary>
    private const long Longest = 1L << 40;

    private readonly Queue<long> _leads = new(Window);
    private bool _isOutvoted;

    /// <summary>What has to be added to this machine's clock; 0 while it is believed.</summary>
    public long Offset { get; private set; }

    /// <summary>The time of a new link.</summary>
    public ulong TimeOf(ulong now) => Offset >= 0 ? Add(now, (ulong)Offset) : now - Math.Min(now, (ulong)-Offset);

    /// <summary>
    /// The latest timestamp that is built upon. Not corrected downwards: who is too strict only harms itself. Time does not run
    /// before the root, so that a clock may.
    /// </summary>
    public ulong Latest(ulong now, Link root) => Add(Add(Math.Max(now, root.Timestamp), (ulong)Math.Max(0, Offset)), Tolerance);

    /// <summary>
    /// A branch that is ahead of the time here is so much heavier that this clock must be behind. From now on links of its own
    /// say nothing about it.
    /// </summary>
    public void Outvote(ulong timestamp, ulong now)
    {
        Offset = Lead(timestamp, now);
        _isOutvoted = true;
        _leads.Clear();
    }

    /// <summary>A new link was heard of, or found.</summary>
    /// <param name="timestamp">Its own.</param>
    /// <param name="now">This machine's clock.</param>
    /// <param name="isOwn">Whether this machine found it; then it speaks for this machine's clock.</param>
    public void Hear(ulong timestamp, ulong now, bool isOwn)
    {
        if (isOwn && _isOutvoted)
            return;
        if (_leads.Count == Window)
            _leads.Dequeue();
        _leads.Enqueue(isOwn ? 0 : Lead(timestamp, now));
        if (_leads.Count < Least)
            return;
        long[] sorted = [.. _leads.Order()];
        long middle = sorted[sorted.Length / 2];
        Offset = Math.Abs(middle) > (long)Tolerance ? middle : 0;
        _isOutvoted &= Offset != 0;
    }

    private static long Lead(ulong timestamp, ulong now) =>
        timestamp >= now ? (long)Math.Min(timestamp - now, Longest) : -(long)Math.Min(now - timestamp, Longest);

    private static ulong Add(ulong time, ulong seconds) => time > ulong.MaxValue - seconds ? ulong.MaxValue : time + seconds;
}

using Microsoft.Extensions.Logging;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>Says in the log when the others' shares show that this machine's clock is wrong, and when it is right again.</summary>
internal sealed class ClockWarning(ShareTree tree, TimeProvider time, ILogger logger)
{
    /// <summary>Between two warnings.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private long? _warned;

    /// <summary>Looks at the clock; to be called now and then.</summary>
    public void Look()
    {
        long offset = tree.ClockOffset;
        lock (_lock)
        {
            if (offset == 0 && _warned is not null)
            {
                _warned = null;
                logger.LogInformation("This machine's clock agrees with the others' again");
            }
            if (offset == 0 || (_warned is long last && time.GetElapsedTime(last) < Interval))
                return;
            _warned = time.GetTimestamp();
        }
        logger.LogWarning(
            "This machine's clock is {Seconds} s {Direction} what most shares of the cluster say: set it right; until then the share chain goes by theirs",
            Math.Abs(offset), offset > 0 ? "behind" : "ahead of");
    }
}

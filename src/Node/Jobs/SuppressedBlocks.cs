using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// Tells of each block that is not submitted since it would only compete with another. On an easy network these are more than a log can
/// take: what is beyond is counted in the next line. For one thread.
/// </summary>
internal sealed class SuppressedBlocks(TimeProvider time, ILogger logger)
{
    /// <summary>Lines at once, and per second.</summary>
    private const double Burst = 50, Rate = 2;

    private readonly Bucket _lines = new(Burst, Rate, time);
    private long _untold;

    /// <param name="hit">A hit that is a block.</param>
    /// <param name="rival">The block that was there before.</param>
    public void Add(Hit hit, Hash256 rival)
    {
        if (!_lines.TryTake())
        {
            _untold++;
            return;
        }
        TellRest();
        DaemonJob block = ((MergedJob)hit.Job).Block;
        logger.LogInformation(
            "Block {Id} at height {Height} is not submitted: it would only compete with block {Rival}",
            block.BuildBlock(hit.ExtraNonce, hit.Nonce, time.GetUtcNow()).Id, block.Height, rival);
    }

    /// <summary>Tells how many there were that had no line of their own.</summary>
    public void TellRest()
    {
        if (_untold > 0)
            logger.LogInformation("{Count} more blocks are not submitted: each would only compete with another", _untold);
        _untold = 0;
    }
}

using System.Threading.Channels;
using P2PMiner.Mining;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Sources.Chain;

/// <summary>
/// The job source <c>chain</c>: a job on every new tip, and one with the current time every few seconds, since a link's
/// timestamp is part of what is hashed.
/// </summary>
/// <param name="tree">The chain.</param>
/// <param name="miner">Who is credited for what this node finds.</param>
/// <param name="time">Clock and timer.</param>
internal sealed class ChainSource(ShareTree tree, MinerId miner, TimeProvider time)
{
    /// <summary>
    /// How old a job's timestamp gets. Lateness of one link makes up for that of the link before, so it does not shift
    /// the mean; it only has to be small against 10 s.
    /// </summary>
    public static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(5);

    private readonly Channel<Job> _jobs = Channel.CreateBounded<Job>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Lock _lock = new();
    private ulong _published;

    /// <summary>The newest job. Only the newest is kept; completes when <see cref="RunAsync"/> ends.</summary>
    public ChannelReader<Job> Jobs => _jobs.Reader;

    /// <summary>Publishes jobs until it is cancelled, which ends it without an exception. Run once.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(RefreshInterval, time);
        tree.TipChanged += Publish;
        try
        {
            do
                Publish();
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The expected end.
        }
        finally
        {
            tree.TipChanged -= Publish;
            _jobs.Writer.TryComplete();
        }
    }

    private void Publish()
    {
        // Under the lock, so that jobs leave in the order in which their templates were made.
        lock (_lock)
        {
            ulong now = (ulong)Math.Max(0, time.GetUtcNow().ToUnixTimeSeconds());
            ShareTemplate template = tree.NextTemplate(miner, now);
            _jobs.Writer.TryWrite(ChainJob.Create($"chain-{template.Header.Height}-{++_published}", template));
        }
    }
}

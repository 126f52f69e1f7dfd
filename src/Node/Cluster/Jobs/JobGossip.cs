using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Node.Cluster.Blocks;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Node.Cluster.Jobs;

/// <summary>
/// The jobs topic: tells the others the blocks of this node's daemon, and takes those of others, checked before they are passed
/// on. Found blocks travel there as well.
/// </summary>
/// <param name="topic">Where.</param>
/// <param name="view">Who is a member.</param>
/// <param name="jobs">Takes the jobs of others.</param>
/// <param name="keys">Learns their keys.</param>
/// <param name="blocks">Takes what is not a job.</param>
/// <param name="strangers">What may be spent on messages of members that have not proved themselves.</param>
/// <param name="self">This node.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told of forged jobs and of templates that are too large.</param>
internal sealed class JobGossip(
    string topic, MemberView view, ForeignJobs jobs, KnownKeys keys, BlockGossip blocks, StrangerTime strangers, PeerId self, TimeProvider time,
    ILogger logger)
{
    /// <summary>Own jobs per second, and at once: less than others take. On a test network blocks come faster than that.</summary>
    private static readonly BudgetRates OwnRates = new(PeerRate: 3, PeerBurst: 20, TotalRate: 3, TotalBurst: 20);
    private static readonly TimeSpan OwnPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Between two looks for publishers that have become silent.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a publisher may be silent, so that the next one's job is mined within three heartbeats of its end.</summary>
    internal static readonly TimeSpan Silence = 3 * MemberView.Interval - 2 * Look;

    /// <summary>How long a message waits for the first heartbeat of the member that signed it, and how many do.</summary>
    private static readonly TimeSpan MemberPatience = MemberView.Interval;
    private const int MaxWaiting = 8;

    /// <summary>
    /// Messages per second of one member and of all, and at once; of all that have sent nothing yet that was taken, so that forged ones
    /// under one name after the other cost little.
    /// </summary>
    private static readonly BudgetRates Rates = new(PeerRate: 4, PeerBurst: 40, TotalRate: 20, TotalBurst: 200, NewRate: 4, NewBurst: 40);

    private readonly CheckBudget _budget = new(time, Rates);
    private readonly KeyAllowance _keys = new(keys, view, strangers.Standing, time);
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private volatile DaemonJob? _own;
    private bool _warned;
    private int _waiting;

    /// <summary>Takes part before the first connection can come in.</summary>
    public void Join(GossipSub gossip)
    {
        gossip.SetValidator(topic, JudgeAsync);
        gossip.Subscribe(topic, static _ => { });
        view.Joined += _ => Repeat();
    }

    /// <summary>Tells the cluster the block that this node's daemon wants found.</summary>
    public void Announce(DaemonJob own)
    {
        _own = own;
        _news.Writer.TryWrite(true);
    }

    /// <summary>Publishes what <see cref="Announce"/> says, and drops jobs of publishers that are gone, until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Task RunAsync(GossipSub gossip, CancellationToken cancellation) =>
        Task.WhenAll(PublishAsync(gossip, cancellation), DropSilentAsync(cancellation));

    /// <summary>Whether a message is passed on; a job is on the board by then.</summary>
    internal async ValueTask<Verdict> JudgeAsync(PubSubMessage message, CancellationToken cancellation)
    {
        if (message.From is not PeerId from || message.SequenceNumber is not ulong number || message.Data.Length > WorkCodec.MaxSize)
            return Verdict.Reject;
        if (!await IsMemberAsync(from, cancellation) || !strangers.IsLeftFor(from) || !_budget.TryTake(from))
            return Verdict.Ignore;
        object? content = strangers.Measure(from, () => Read(message.Data.Span, from));
        Verdict verdict = content switch
        {
            null => Verdict.Reject,
            JobReading reading => Judge(reading, from, number),
            TravellingBlock block => await blocks.JudgeAsync(block, from, cancellation),
            BlockFate fate => blocks.Judge(fate, from),
            _ => throw new InvalidOperationException($"a message with {content.GetType().Name}"),
        };
        if (verdict == Verdict.Accept && content is not BlockFate)
            _budget.Trust(from);
        return verdict;
    }

    /// <summary>What a message holds, a job being read to the end; null when it is malformed.</summary>
    private static object? Read(ReadOnlySpan<byte> data, PeerId from)
    {
        if (!WorkCodec.TryDecode(data, out object? content))
            return null;
        return content is DaemonTemplate told ? JobRules.Read(told, from) : content;
    }

    private Verdict Judge(JobReading reading, PeerId from, ulong number)
    {
        if (reading.Job is null)
        {
            logger.LogWarning("Peer {Peer} published a job that cannot be mined: {Reason}", from, reading.Error);
            return reading.IsForged ? Verdict.Reject : Verdict.Ignore;
        }
        if (!_keys.TryAllow(from, reading.Job.Key))
        {
            logger.LogWarning("Peer {Peer} publishes jobs under more keys than an honest one has: not taken", from);
            return Verdict.Ignore;
        }

        // The next key can wait: it is named for two hours before it is needed.
        DaemonJob job = reading.Job.NextKey is { } next && !_keys.TryAllow(from, next) ? reading.Job.WithoutNextKey() : reading.Job;
        blocks.Remember(job);
        return jobs.Offer(job, number, time.GetTimestamp()) ? Verdict.Accept : Verdict.Ignore;
    }

    /// <summary>A new member's job may come before its first heartbeat.</summary>
    private async Task<bool> IsMemberAsync(PeerId peer, CancellationToken cancellation)
    {
        if (view.Contains(peer))
            return true;
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }
        TaskCompletionSource came = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnHeard(PeerId heard, MemberStatus status)
        {
            if (heard.Equals(peer))
                came.TrySetResult();
        }
        view.Heard += OnHeard;
        try
        {
            using CancellationTokenSource done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (!view.Contains(peer))
                await Task.WhenAny(came.Task, Task.Delay(MemberPatience, time, done.Token));
            await done.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            return view.Contains(peer);
        }
        finally
        {
            view.Heard -= OnHeard;
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void Repeat()
    {
        if (_own is not null)
            _news.Writer.TryWrite(true);
    }

    private async Task PublishAsync(GossipSub gossip, CancellationToken cancellation)
    {
        CheckBudget budget = new(time, OwnRates);
        while (await _news.Reader.WaitToReadAsync(cancellation))
        {
            while (!budget.TryTake(self))
                await Task.Delay(OwnPause, time, cancellation);
            _news.Reader.TryRead(out _);
            DaemonJob own = _own!;
            blocks.Remember(own);
            if (WorkCodec.Encode(own.Raw) is byte[] message)
                await gossip.PublishAsync(topic, message, cancellation);
            else if (!_warned)
                WarnOfSize(own);
        }
    }

    private void WarnOfSize(DaemonJob own)
    {
        _warned = true;
        logger.LogWarning(
            "A block of {Count} transactions is too large to be told to the cluster: other nodes do not mine it", own.Template.TransactionCount);
    }

    private async Task DropSilentAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Look, time);
        while (await timer.WaitForNextTickAsync(cancellation))
            DropSilent();
    }

    /// <summary>Jobs of publishers that are gone, or have no daemon any more, are not mined.</summary>
    internal void DropSilent()
    {
        Dictionary<PeerId, Member> members = view.Members.ToDictionary(member => member.Peer);
        jobs.Review((publisher, at) =>
        {
            // A job is a sign of life as well, and may be newer than what the last heartbeat says.
            TimeSpan sinceJob = time.GetElapsedTime(at);
            if (!members.TryGetValue(publisher, out Member? member) || (!member.Status.HasDaemon && member.SinceHeard <= sinceJob))
                return PublisherState.Gone;
            return TimeSpan.FromTicks(Math.Min(sinceJob.Ticks, member.SinceHeard.Ticks)) <= Silence ? PublisherState.Heard : PublisherState.Silent;
        });
    }
}

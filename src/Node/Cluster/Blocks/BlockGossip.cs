using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.Cluster.Jobs;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.Jobs;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Node.Cluster.Blocks;

/// <summary>Hands a block that another node found to this node's daemons; null when it has none.</summary>
internal delegate Task<BlockOutcome>? BlockRelay(FoundBlock block);

/// <summary>
/// Found blocks on their way to every daemon of the cluster, and what the daemons say of them. A block is told again by its
/// finder until a daemon has answered; a node with a daemon keeps it on its disk until then, too.
/// </summary>
/// <param name="topic">The jobs topic.</param>
/// <param name="view">Who has a daemon.</param>
/// <param name="isKeyKnown">Whether blocks under a key are checked.</param>
/// <param name="prove">Checks proof of work.</param>
/// <param name="strangers">What may be spent on blocks of members that have not proved themselves: the difficulty is what some member says.</param>
/// <param name="relay">To this node's daemons.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told of blocks of others.</param>
internal sealed class BlockGossip(
    string topic, MemberView view, Predicate<Hash256> isKeyKnown, BlobCheck prove, StrangerTime strangers, BlockRelay relay,
    TimeProvider time, ILogger logger)
    : IOtherDaemons
{
    /// <summary>How long an answer of the others' daemons is waited for, before the block is told again later.</summary>
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A daemon may lack transactions or the parent of a block that it is told of. Only when a block is older than this does the
    /// refusal of others' daemons end it.
    /// </summary>
    public static readonly TimeSpan RefusalPatience = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Checks of blocks on a parent of which no job is known: a node that has just come sees one or two, and nobody can be blamed for one
    /// without work.
    /// </summary>
    private static readonly BudgetRates StrangeRates = new(PeerRate: 0.1, PeerBurst: 4, TotalRate: 0.2, TotalBurst: 10, NewRate: 0.1, NewBurst: 5);

    /// <summary>
    /// Between two submissions of a block that its finder tells again. A daemon that has refused it may have got the transactions since, or the
    /// parent; and it may have been given up meanwhile.
    /// </summary>
    private static readonly TimeSpan OfferPause = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Answers at once, and per second, that nothing but another's message causes. Members take only so many messages of one: blocks that are
    /// told again and again shall not use up what the jobs need.
    /// </summary>
    private const double AnswerBurst = 8, AnswerRate = 0.5;

    /// <summary>Messages that wait to be sent; the newest matter.</summary>
    private const int Outgoing = 64;

    private readonly BlockTargets _targets = new();
    private readonly CheckBudget _budget = new(time);
    private readonly CheckBudget _strange = new(time, StrangeRates);
    private readonly Lock _lock = new();
    private readonly ProvenBlocks _proven = new(time);
    private readonly Bucket _answers = new(AnswerBurst, AnswerRate, time);
    private readonly Dictionary<Hash256, Answers> _asking = [];
    private readonly AnsweredBlocks _answered = new();
    private readonly Channel<byte[]> _own = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(Outgoing) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Learns what blocks have to meet.</summary>
    public void Remember(DaemonJob job) => _targets.Remember(job);

    /// <summary>What is to be sent.</summary>
    internal ChannelReader<byte[]> Unsent => _own.Reader;

    /// <summary>Sends until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(GossipSub gossip, CancellationToken cancellation)
    {
        await foreach (byte[] message in Unsent.ReadAllAsync(cancellation))
            await gossip.PublishAsync(topic, message, cancellation);
    }

    /// <inheritdoc/>
    public bool HasSilent(Hash256 block) => view.Members.Any(member => member.Status.HasDaemon && !_answered.Contains(block, member.Peer));

    /// <inheritdoc/>
    public async Task<BlockOutcome?> OfferAsync(FoundBlock block, CancellationToken cancellation)
    {
        int daemons = view.DaemonCount;
        if (daemons == 0 || block.Key is not Hash256 key || WorkCodec.Encode(new TravellingBlock(block.Blob, key)) is not byte[] message)
            return null;
        Answers answers = new(daemons);
        _answered.Open(block.Id);
        lock (_lock)
            _asking[block.Id] = answers;
        try
        {
            _own.Writer.TryWrite(message);
            using CancellationTokenSource done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(answers.Enough, Task.Delay(AnswerPatience, time, done.Token));
            await done.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            return answers.Outcome(isOld: time.GetUtcNow() - block.FoundAt > RefusalPatience);
        }
        finally
        {
            lock (_lock)
                _asking.Remove(block.Id);
        }
    }

    /// <summary>Tells the cluster what this node's daemons made of a block, whoever found it.</summary>
    public void Tell(FoundBlock block, BlockOutcome outcome)
    {
        BlockFate fate = new(block.Id, outcome.Verdict == BlockVerdict.Accepted, outcome.Reason);
        _proven.Add(fate);
        _own.Writer.TryWrite(WorkCodec.Encode(fate));
    }

    /// <summary>Whether a block of another node is passed on; if so, this node's daemons get it.</summary>
    public async ValueTask<Verdict> JudgeAsync(TravellingBlock told, PeerId from, CancellationToken cancellation)
    {
        if (!BlockTemplate.TryParse(told.Blob, TemplateRules.ReserveSize, out BlockTemplate? block, out _))
            return Verdict.Reject;
        Hash256 id = block.BlockId(block.Reserved, block.Nonce);
        if (_targets.Find(block.PreviousId, block.Height) is not BlockTarget target)
            return Verdict.Ignore;
        if (!_proven.Contains(id, target.IsForDaemons))
        {
            Proof proof = await ProveAsync(block, told.Key, target, from, cancellation);
            if (proof != Proof.Valid)
                return Refuse(id, target, proof);
            _proven.Add(id, target.IsForDaemons);
            logger.LogInformation("Member {Peer} found block {Id} at height {Height}", from, id, block.Height);
        }
        if (target.IsForDaemons)
            Offer(new FoundBlock(id, block.Height, told.Blob, time.GetUtcNow(), told.Key));
        return Verdict.Accept;
    }

    /// <summary>Whether what a member's daemon says is passed on.</summary>
    public Verdict Judge(BlockFate fate, PeerId from)
    {
        if (!view.HasDaemon(from))
            return Verdict.Ignore;
        _answered.Add(fate.Id, from);
        lock (_lock)
        {
            if (_asking.TryGetValue(fate.Id, out Answers? answers))
                answers.Add(from, fate);
        }
        return Verdict.Accept;
    }

    /// <summary>To this node's daemons, unless one of them has it; its finder tells it again, so that what was not taken is taken later.</summary>
    private void Offer(FoundBlock block)
    {
        if (_proven.FateOf(block.Id) is { IsAccepted: true } fate)
            Answer(fate);
        else if (_proven.TryOffer(block.Id, OfferPause) && relay(block) is Task<BlockOutcome> submission)
            _ = submission.ContinueWith(LogFailure, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    private void Answer(BlockFate fate)
    {
        lock (_lock)
        {
            if (!_answers.TryTake())
                return;
        }
        _own.Writer.TryWrite(WorkCodec.Encode(fate));
    }

    private Verdict Refuse(Hash256 id, BlockTarget target, Proof proof)
    {
        if (proof == Proof.Unknown)
            return Verdict.Ignore;
        if (target.IsBlamed)
            return Verdict.Reject;

        // Some member asked for less than this node's daemon does: its finder shall not wait for ever.
        if (target is { IsKnown: true, IsForDaemons: true })
            Answer(new BlockFate(id, false, $"it does not meet the network's difficulty {target.Difficulty}"));
        return Verdict.Ignore;
    }

    private async Task<Proof> ProveAsync(BlockTemplate block, Hash256 key, BlockTarget target, PeerId from, CancellationToken cancellation)
    {
        CheckBudget budget = target.IsKnown ? _budget : _strange;
        if (strangers.Standing.IsProven(from))
            budget.Trust(from);
        if (!isKeyKnown(key) || !budget.TryTake(from) || !strangers.TryTakeProof(from, key))
            return Proof.Unknown;
        byte[] blob = new byte[HashingBlob.MaxSize];
        int length = block.WriteHashingBlob(block.Reserved, block.Nonce, blob, out _);
        Proof proof = await prove(key, blob.AsMemory(0, length), target.Difficulty, cancellation);
        if (proof == Proof.Valid)
            _budget.Trust(from);
        if (proof != Proof.Invalid || !target.IsBlamed)
            return proof;
        _budget.Distrust(from);
        strangers.Standing.Lose(from);
        logger.LogWarning("Peer {Peer} published a block without proof of work", from);
        return Proof.Invalid;
    }

    private void LogFailure(Task submission) =>
        logger.LogError(submission.Exception!.GetBaseException(), "A block of another node could not be submitted");
}

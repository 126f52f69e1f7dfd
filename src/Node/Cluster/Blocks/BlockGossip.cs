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
    private static readonly BudgetRates StrangeRates = new(PeerRate: 0.1, PeerBurst: 4, TotalRate: 0.2, TotalBurst: 10);

    /// <summary>Messages that wait to be sent; the newest matter.</summary>
    private const int Outgoing = 64;

    /// <summary>Blocks whose proof was found valid, and what daemons said of them.</summary>
    private const int Remembered = 256;

    private readonly BlockTargets _targets = new();
    private readonly CheckBudget _budget = new(time);
    private readonly CheckBudget _strange = new(time, StrangeRates);
    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, BlockFate?> _proven = [];
    private readonly Queue<Hash256> _order = [];
    private readonly Dictionary<Hash256, Answers> _asking = [];
    private readonly AnsweredBlocks _answered = new();
    private readonly Channel<byte[]> _own = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(Outgoing) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Learns what blocks have to meet.</summary>
    public void Remember(DaemonJob job) => _targets.Remember(job);

    /// <summary>Sends until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(GossipSub gossip, CancellationToken cancellation)
    {
        await foreach (byte[] message in _own.Reader.ReadAllAsync(cancellation))
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
        Prove(block.Id, fate);
        _own.Writer.TryWrite(WorkCodec.Encode(fate));
    }

    /// <summary>Whether a block of another node is passed on; if so, this node's daemons get it.</summary>
    public async ValueTask<Verdict> JudgeAsync(TravellingBlock told, PeerId from, CancellationToken cancellation)
    {
        if (!BlockTemplate.TryParse(told.Blob, TemplateRules.ReserveSize, out BlockTemplate? block, out _))
            return Verdict.Reject;
        Hash256 id = block.BlockId(block.Reserved, block.Nonce);
        if (IsProven(id, out BlockFate? fate))
        {
            // Its finder asks again, so the answer got lost.
            if (fate is not null)
                _own.Writer.TryWrite(WorkCodec.Encode(fate));
            return Verdict.Accept;
        }
        Proof proof = await ProveAsync(block, told.Key, from, cancellation);
        if (proof != Proof.Valid)
            return proof == Proof.Invalid ? Verdict.Reject : Verdict.Ignore;
        Prove(id, null);
        logger.LogInformation("Member {Peer} found block {Id} at height {Height}", from, id, block.Height);
        if (relay(new FoundBlock(id, block.Height, told.Blob, time.GetUtcNow(), told.Key)) is Task<BlockOutcome> submission)
            _ = submission.ContinueWith(LogFailure, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
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

    private async Task<Proof> ProveAsync(BlockTemplate block, Hash256 key, PeerId from, CancellationToken cancellation)
    {
        if (_targets.DifficultyOf(block.PreviousId, out bool isKnown) is not UInt128 difficulty || !isKeyKnown(key)
            || !(isKnown ? _budget : _strange).TryTake(from) || !strangers.TryTakeProof(from, key))
        {
            return Proof.Unknown;
        }
        byte[] blob = new byte[HashingBlob.MaxSize];
        int length = block.WriteHashingBlob(block.Reserved, block.Nonce, blob, out _);
        Proof proof = await prove(key, blob.AsMemory(0, length), difficulty, cancellation);
        if (proof == Proof.Valid)
            _budget.Trust(from);
        if (proof != Proof.Invalid)
            return proof;
        if (!isKnown)
            return Proof.Unknown;
        _budget.Distrust(from);
        strangers.Standing.Lose(from);
        logger.LogWarning("Peer {Peer} published a block without proof of work", from);
        return Proof.Invalid;
    }

    private bool IsProven(Hash256 id, out BlockFate? fate)
    {
        lock (_lock)
            return _proven.TryGetValue(id, out fate);
    }

    private void Prove(Hash256 id, BlockFate? fate)
    {
        lock (_lock)
        {
            if (!_proven.ContainsKey(id))
                _order.Enqueue(id);
            _proven[id] = fate ?? _proven.GetValueOrDefault(id);
            if (_order.Count > Remembered)
                _proven.Remove(_order.Dequeue());
        }
    }

    private void LogFailure(Task submission) =>
        logger.LogError(submission.Exception!.GetBaseException(), "A block of another node could not be submitted");
}

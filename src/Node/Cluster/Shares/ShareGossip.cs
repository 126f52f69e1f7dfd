using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Entry;
using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.PubSub;

namespace P2PMiner.Node.Cluster.Shares;

/// <summary>
/// New shares, from and to all of the cluster. A share of others is checked before it is passed on, cheap things first:
/// size and form, whether it is known or was refused before, whether anything can come of it, its place in the chain, and its proof of work
/// last, within a budget. Own ones are published as they enter the chain.
/// </summary>
/// <param name="topic">Where.</param>
/// <param name="tree">The chain.</param>
/// <param name="self">Whose shares are published.</param>
/// <param name="prove">Checks proof of work.</param>
/// <param name="strangers">Who has found a valid share is none, and what others may cost.</param>
/// <param name="parentMissing">Is told who brought a share whose parent or uncle is not known.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told of invalid shares.</param>
internal sealed class ShareGossip(
    string topic, ShareTree tree, MinerId self, ProofCheck prove, StrangerTime strangers, Action<PeerId> parentMissing, TimeProvider time,
    ILogger logger)
{
    /// <summary>How long a share waits for its parent and uncles, which may be on their way or are fetched.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Own shares that wait to be sent; the newest matter.</summary>
    private const int Outgoing = 64;

    private readonly CheckBudget _budget = new(time, isTrusted: strangers.Standing.IsProven);
    private readonly RefusedShares _refused = new();
    private readonly WaitingShares _waiting = new(tree);
    private readonly ConcurrentDictionary<Hash256, Task<Proof>> _underWay = [];
    private readonly Channel<Share> _own = Channel.CreateBounded<Share>(
        new BoundedChannelOptions(Outgoing) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Takes part before the first connection can come in.</summary>
    public void Join(GossipSub gossip)
    {
        gossip.SetValidator(topic, JudgeAsync);
        gossip.Subscribe(topic, static _ => { });
    }

    /// <summary>Publishes own shares until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(GossipSub gossip, CancellationToken cancellation)
    {
        tree.Added += OnAdded;
        try
        {
            await foreach (Share share in _own.Reader.ReadAllAsync(cancellation))
                await gossip.PublishAsync(topic, ShareMessageCodec.Encode(share), cancellation);
        }
        finally
        {
            tree.Added -= OnAdded;
        }
    }

    /// <summary>Whether a share is passed on; a valid one is in the chain by then.</summary>
    internal async ValueTask<Verdict> JudgeAsync(PubSubMessage message, CancellationToken cancellation)
    {
        if (!ShareMessageCodec.TryDecode(message.Data.Span, out Share? share))
            return Verdict.Reject;
        if (_refused.Contains(share.Id))
            return Verdict.Reject;
        if (!ShareRelevance.Matters(share.Header, tree.Tip))
            return tree.Check(share) is { } wrong ? VerdictOf(wrong) : Verdict.Ignore;
        AddResult? place = tree.Check(share);
        if (place?.Status is AddStatus.UnknownParent or AddStatus.UnknownUncle)
        {
            if (!await WaitForMissingAsync(share, message.Via, cancellation))
                return Verdict.Ignore;
            place = tree.Check(share);
        }
        if (place is { } known)
            return VerdictOf(known);
        return await JudgeProofAsync(share, message.From ?? message.Via, message.Via, cancellation);
    }

    /// <summary>
    /// What others can get wrong without meaning harm is held against nobody: being late, on another branch, or with a job that
    /// is not known here yet.
    /// </summary>
    private static Verdict VerdictOf(AddResult result) => result.Fault switch
    {
        ShareFault.None or ShareFault.BelowRoot or ShareFault.Key => Verdict.Ignore,
        _ => Verdict.Reject,
    };

    private ulong Now => (ulong)Math.Max(0, time.GetUtcNow().ToUnixTimeSeconds());

    private async Task<bool> WaitForMissingAsync(Share share, PeerId via, CancellationToken cancellation)
    {
        IReadOnlyList<Hash256> missing = tree.MissingFor(share.Header);
        if (missing.Any(id => !_underWay.ContainsKey(id)))
            parentMissing(via);
        using CancellationTokenSource done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task patience = Task.Delay(Patience, time, done.Token);
        bool came = true;
        for (int i = 0; i < missing.Count && came; i++)
            came = await _waiting.WaitAsync(missing[i], via, patience, cancellation);
        await done.CancelAsync();
        return came;
    }

    private async Task<Verdict> JudgeProofAsync(Share share, PeerId author, PeerId via, CancellationToken cancellation)
    {
        TaskCompletionSource<Proof> mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_underWay.GetOrAdd(share.Id, mine.Task) is var check && check != mine.Task)
        {
            // Somebody else brought the same share: what is found holds for both.
            return await check.WaitAsync(cancellation) == Proof.Invalid ? Verdict.Reject : Verdict.Ignore;
        }
        Proof proof = Proof.Unknown;
        try
        {
            if (!_budget.TryTake(author) || !strangers.TryTakeProof(author, share.Header.Key))
                return Verdict.Ignore;
            proof = await prove(share, cancellation);
            return Conclude(share, author, via, proof);
        }
        finally
        {
            _underWay.TryRemove(share.Id, out _);
            mine.TrySetResult(proof);
        }
    }

    private Verdict Conclude(Share share, PeerId author, PeerId via, Proof proof)
    {
        if (proof == Proof.Unknown)
            return Verdict.Ignore;
        if (proof == Proof.Invalid)
        {
            _refused.Add(share.Id);
            strangers.Standing.Lose(author);
            logger.LogWarning("Peer {Peer} brought a share without proof of work", via);
            return Verdict.Reject;
        }

        // His own work only: others' shares can be had for nothing.
        if (share.Header.Miner.Equals(new MinerId(author.Bytes)) && ShareRelevance.Proves(share.Header, tree.Tip))
            strangers.Standing.Prove(author, share.Header.Difficulty);
        AddResult added = tree.AddVerified(share, Now);
        return added.Status is AddStatus.NewTip or AddStatus.Added ? Verdict.Accept : VerdictOf(added);
    }

    /// <summary>Under the tree's lock, so only what is short.</summary>
    private void OnAdded(Link link)
    {
        if (link.Share.Header.Miner.Equals(self))
            _own.Writer.TryWrite(link.Share);
    }
}

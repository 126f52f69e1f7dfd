using System.Buffers.Binary;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Mining.RandomX;
using P2PMiner.Node.Api;
using P2PMiner.Node.ShareChain;
using P2PMiner.Node.Sources.Chain;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Jobs;

/// <summary>
/// What happens to a hit: it is hashed again on an independent light path, then becomes a block for the daemons, a link
/// of the share chain, or both. A bad dataset, bad memory or a bad engine ends here.
/// </summary>
internal sealed class HitProcessor
{
    /// <summary>Hits that wait are hashed together; more of them would keep the first one waiting.</summary>
    private const int MaxTogether = 8;

    private readonly LightVerifier _verifier;
    private readonly ShareTree _tree;
    private readonly BlockOutbox _outbox;
    private readonly ShareLedger _ledger;
    private readonly TimeProvider _time;
    private readonly ILogger<HitProcessor> _logger;
    private readonly List<Task> _submissions = [];
    private readonly BlockRivals _rivals = new();
    private readonly SuppressedBlocks _suppressed;

    /// <param name="verifier">The light path.</param>
    /// <param name="tree">The share chain.</param>
    /// <param name="outbox">Takes found blocks.</param>
    /// <param name="ledger">Counts what became of shares.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Told of every block, of shares and of hits that failed the re-check.</param>
    public HitProcessor(
        LightVerifier verifier, ShareTree tree, BlockOutbox outbox, ShareLedger ledger, TimeProvider time, ILogger<HitProcessor> logger)
    {
        _verifier = verifier;
        _tree = tree;
        _outbox = outbox;
        _ledger = ledger;
        _time = time;
        _logger = logger;
        _suppressed = new SuppressedBlocks(time, logger);
        outbox.Decided += OnDecided;
        outbox.Settled += (block, outcome) => _rivals.Settle(block.Id, outcome);
    }

    /// <summary>A hash under this key was wrong.</summary>
    public event Action<Hash256>? WrongHash;

    /// <summary>This node's daemons have refused a block that was made of this member's job.</summary>
    public event Action<PeerId>? Refused;

    /// <summary>
    /// Handles hits in order until there are no more. When cancelled, hits that were found before are still handled:
    /// their work is done, and a block among them may be worth a lot.
    /// </summary>
    public async Task RunAsync(ChannelReader<Hit> hits, CancellationToken cancellation)
    {
        while (await hits.WaitToReadAsync(CancellationToken.None))
        {
            Handle(TakeWaiting(hits), cancellation);
            _submissions.RemoveAll(submission => submission.IsCompletedSuccessfully);
        }
        _suppressed.TellRest();
        await Task.WhenAll(_submissions);
    }

    // In order, and of one key after the other.
    private List<Hit> TakeWaiting(ChannelReader<Hit> hits)
    {
        List<Hit> taken = [];
        while (taken.Count < MaxTogether && hits.TryPeek(out Hit? next) && (taken.Count == 0 || next.Job.Key == taken[0].Job.Key))
        {
            // On an easy network hits come faster than they can be checked, so that the useless ones must cost nothing.
            if (hits.TryRead(out Hit? hit) && !IsUseless(hit))
                taken.Add(hit);
        }
        return taken;
    }

    private void Handle(List<Hit> hits, CancellationToken cancellation)
    {
        if (hits.Count == 0)
            return;
        ReadOnlyMemory<byte>[] blobs = [.. hits.Select(BlobOf)];
        byte[] hashes = new byte[hits.Count * Hash256.Size];
        bool isHashed = _verifier.TryHash(hits[0].Job.Key, blobs, hashes);
        for (int i = 0; i < hits.Count; i++)
            Handle(hits[i], isHashed, hashes.AsSpan(i * Hash256.Size, Hash256.Size), cancellation);
    }

    private static ReadOnlyMemory<byte> BlobOf(Hit hit)
    {
        byte[] blob = new byte[HashingBlob.MaxSize];
        int length = hit.Job.WriteHashingBlob(hit.ExtraNonce, blob, out int nonceOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(blob.AsSpan(nonceOffset), hit.Nonce);
        return blob.AsMemory(0, length);
    }

    private void Handle(Hit hit, bool isHashed, ReadOnlySpan<byte> hash, CancellationToken cancellation)
    {
        if (!isHashed)
        {
            // Its key went while it waited: too late for the chain, but a daemon checks blocks for itself.
            if (hit.Job is MergedJob late && hit.IsBlock)
                Submit(late, hit, cancellation);
            TellOfLost(hit);
            Record(hit, ShareState.Stale);
            return;
        }
        if (new Hash256(hash) != hit.Hash)
        {
            _logger.LogError(
                "Thread {Thread} computed a wrong hash: not used. Unstable memory or overclocking is the usual cause", hit.Thread);
            WrongHash?.Invoke(hit.Job.Key);
            Record(hit, ShareState.Rejected);
            return;
        }
        if (hit.Job is MergedJob merged)
        {
            if (hit.IsBlock)
                Submit(merged, hit, cancellation);
            if (!Difficulty.IsMet(hash, merged.Share.Header.Difficulty))
                return;
        }
        Record(hit, AddToChain(hit));
    }

    private void Submit(MergedJob job, Hit hit, CancellationToken cancellation)
    {
        FoundBlock block = job.Block.BuildBlock(hit.ExtraNonce, hit.Nonce, _time.GetUtcNow()) with { Work = Difficulty.Of(hit.Hash) };
        if (_rivals.FindOrAdd(job.Block, block.Id) is Hash256 rival)
            Suppress(hit, rival);
        else
            _submissions.Add(SubmitAsync(block, cancellation));
    }

    /// <summary>A block that would only compete, and no share.</summary>
    private bool IsUseless(Hit hit)
    {
        if (hit.Job is not MergedJob job || MeetsShare(job, hit) || _rivals.Find(job.Block) is not Hash256 rival)
            return false;
        if (hit.IsBlock)
            Suppress(hit, rival);
        return true;
    }

    private void Suppress(Hit hit, Hash256 rival)
    {
        _outbox.CountSuppressed();
        _suppressed.Add(hit, rival);
    }

    /// <summary>As of other late shares, so that whoever counts them in the log finds each.</summary>
    private void TellOfLost(Hit hit)
    {
        if (hit.Job is MergedJob merged && MeetsShare(merged, hit))
            Tell(merged.Share.Header.Height, merged.Share.Header.Difficulty);
        else if (hit.Job is ChainJob chain)
            Tell(chain.Height, chain.ShareDifficulty);

        void Tell(ulong height, UInt128 difficulty) => _logger.LogInformation(
            "Share came late: link {Height}, difficulty {Difficulty}, under a key that is no longer in use", height, difficulty);
    }

    private static bool MeetsShare(MergedJob job, Hit hit)
    {
        Span<byte> hash = stackalloc byte[Hash256.Size];
        hit.Hash.CopyTo(hash);
        return Difficulty.IsMet(hash, job.Share.Header.Difficulty);
    }

    private async Task SubmitAsync(FoundBlock block, CancellationToken cancellation)
    {
        try
        {
            await _outbox.SubmitAsync(block, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _logger.LogInformation("Block {Id} is kept and submitted at the next start", block.Id);
        }
    }

    private void OnDecided(FoundBlock block, BlockOutcome outcome)
    {
        if (outcome.IsRefused && _rivals.PublisherOf(block.Id) is PeerId publisher)
            Refused?.Invoke(publisher);
    }

    private string AddToChain(Hit hit)
    {
        Share? share;
        if (hit.Job is ChainJob chainJob)
        {
            share = chainJob.ToShare(hit);
        }
        else if (((MergedJob)hit.Job).TryToShare(hit, out share) is var error and not ShareCodecError.None)
        {
            _logger.LogError("Block {Height} does not fit into a share: {Error}", hit.Job.Height, error);
            return ShareState.Rejected;
        }
        AddResult result = _tree.AddVerified(share!, (ulong)_time.GetUtcNow().ToUnixTimeSeconds());
        switch (result.Status)
        {
            case AddStatus.NewTip:
                _logger.LogInformation("Share accepted: link {Height}, difficulty {Difficulty}", share!.Header.Height, share.Header.Difficulty);
                return ShareState.Accepted;
            case AddStatus.Added or AddStatus.Duplicate or AddStatus.UnknownParent or AddStatus.UnknownUncle:
                _logger.LogInformation(
                    "Share came late: link {Height}, difficulty {Difficulty}, while the chain ends at {Tip}",
                    share!.Header.Height, share.Header.Difficulty, _tree.Tip.Height);
                return ShareState.Stale;
            default:
                _logger.LogWarning("Share rejected by the chain: {Fault}", result.Fault);
                return ShareState.Rejected;
        }
    }

    private void Record(Hit hit, string state) => _ledger.Record(new ShareStatus(
        _time.GetUtcNow(), NodeSnapshot.Word(hit.Job.Source), hit.Job.Height, hit.Job.ShareDifficulty, hit.Hash.ToString(), state, hit.IsBlock));
}

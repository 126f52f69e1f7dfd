using P2PMiner.Node.Cluster.Jobs;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Cluster.Blocks;

/// <summary>What members' daemons say of one block while its finder waits. Thread-safe.</summary>
/// <param name="expected">Members that have a daemon.</param>
internal sealed class Answers(int expected)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, BlockFate> _fates = [];
    private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when one has accepted the block, or all have answered.</summary>
    public Task Enough => _enough.Task;

    public void Add(PeerId member, BlockFate fate)
    {
        lock (_lock)
        {
            // The members that count are few; whoever else answers is not waited for.
            if (_fates.Count < expected || _fates.ContainsKey(member))
                _fates[member] = fate;
            if (fate.IsAccepted || _fates.Count >= expected)
                _enough.TrySetResult();
        }
    }

    /// <param name="isOld">Whether a refusal ends the block.</param>
    public BlockOutcome Outcome(bool isOld)
    {
        lock (_lock)
        {
            foreach ((PeerId member, BlockFate fate) in _fates)
            {
                if (fate.IsAccepted)
                    return new BlockOutcome(BlockVerdict.Accepted, $"the daemon of member {member}", IsHearsay: true);
            }
            if (_fates.Count == 0)
                return new BlockOutcome(BlockVerdict.Pending, "no member has answered");
            (PeerId refuser, BlockFate refusal) = _fates.First();
            return new BlockOutcome(isOld ? BlockVerdict.Rejected : BlockVerdict.Pending, $"member {refuser}: {refusal.Reason}", IsHearsay: true);
        }
    }
}

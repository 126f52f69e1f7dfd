using P2PMiner.Mining;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>The daemons of other nodes, of which nothing is known but what these nodes say.</summary>
internal interface IOtherDaemons
{
    /// <summary>Tells the cluster a block, and waits a while for what its daemons say.</summary>
    /// <returns>Null when no member has a daemon, or the block cannot travel.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the block was told all the same.</exception>
    Task<BlockOutcome?> OfferAsync(FoundBlock block, CancellationToken cancellation);

    /// <summary>Whether a member has a daemon, and has not said what it made of a block.</summary>
    bool HasSilent(Hash256 block);
}

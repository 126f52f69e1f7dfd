using System.Collections.Concurrent;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Shares;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>Several peers may bring the same links at once: what is being hashed for one of them is not hashed again for another. Thread-safe.</summary>
/// <param name="prove">Checks proof of work.</param>
internal sealed class SharedProofs(ProofCheck prove)
{
    private readonly ConcurrentDictionary<Hash256, Task<Proof>> _underWay = [];

    /// <inheritdoc cref="ProofCheck"/>
    public async Task<Proof> CheckAsync(Share share, CancellationToken cancellation)
    {
        TaskCompletionSource<Proof> mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_underWay.GetOrAdd(share.Id, mine.Task) is var other && other != mine.Task)
            return await other.WaitAsync(cancellation);
        Proof proof = Proof.Unknown;
        try
        {
            return proof = await prove(share, cancellation);
        }
        finally
        {
            _underWay.TryRemove(share.Id, out _);
            mine.TrySetResult(proof);
        }
    }
}

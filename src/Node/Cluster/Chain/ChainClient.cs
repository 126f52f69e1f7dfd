using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>Asks on one stream for links.</summary>
internal sealed class ChainClient(PeerStream stream, TimeProvider time)
{
    /// <summary>For one answer.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The links after the first of these that the other has on its branch, too.</summary>
    /// <returns>Null when the other ended the stream.</returns>
    /// <exception cref="IOException">The stream broke, or the answer breaks the protocol.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public Task<ChainPage?> AskAfterAsync(IEnumerable<Hash256> ids, CancellationToken cancellation) =>
        AskAsync(new ChainRequest { After = new After { Ids = { ids.Select(ChainProtocol.ToBytes) } } }, cancellation);

    /// <summary>These links, as far as the other has them; at most <see cref="ChainProtocol.MaxIds"/>.</summary>
    /// <returns>Null when the other ended the stream.</returns>
    /// <exception cref="IOException">The stream broke, or the answer breaks the protocol.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public Task<ChainPage?> AskForAsync(IEnumerable<Hash256> ids, CancellationToken cancellation) =>
        AskAsync(new ChainRequest { WithIds = new WithIds { Ids = { ids.Select(ChainProtocol.ToBytes) } } }, cancellation);

    private async Task<ChainPage?> AskAsync(ChainRequest request, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(AnswerTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            await Frames.WriteAsync(stream, request, either.Token);
            return await Frames.ReadAsync(stream, ChainProtocol.Pages, ChainProtocol.MaxAnswerSize, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {AnswerTimeout.TotalSeconds} s");
        }
    }
}

using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Chain;

/// <summary>
/// Asks on one stream for links. Who answers may keep us waiting for so long in all, and longer the more links come of it: what is slow
/// for a good reason goes on, and nobody holds a session for nothing.
/// </summary>
internal sealed class ChainClient(PeerStream stream, TimeProvider time)
{
    /// <summary>For one answer, and for all before the first link has come.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>What each link adds to the time for all answers: one that was known here already, 12 kB/s, and a new one.</summary>
    public static readonly TimeSpan KnownLink = TimeSpan.FromMilliseconds(20), NewLink = TimeSpan.FromMilliseconds(100);

    private TimeSpan _left = AnswerTimeout;
    private long _asked;

    /// <summary>How long an answer is waited for now; zero when none is.</summary>
    public TimeSpan Waiting => Interlocked.Read(ref _asked) is var asked && asked != 0 ? time.GetElapsedTime(asked) : TimeSpan.Zero;

    /// <summary>Takes note of links that came.</summary>
    /// <param name="count">All of a page.</param>
    /// <param name="added">Those that are new here.</param>
    public void Earn(int count, int added) => _left += count * KnownLink + added * (NewLink - KnownLink);

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
        if (_left <= TimeSpan.Zero)
            throw new TimeoutException("the answers take too long for what they bring");
        TimeSpan most = _left < AnswerTimeout ? _left : AnswerTimeout;
        long start = time.GetTimestamp();
        Interlocked.Exchange(ref _asked, start);
        using CancellationTokenSource limit = new(most, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            await Frames.WriteAsync(stream, request, either.Token);
            return await Frames.ReadAsync(stream, ChainProtocol.Pages, ChainProtocol.MaxAnswerSize, either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {most.TotalSeconds} s");
        }
        finally
        {
            Interlocked.Exchange(ref _asked, 0);
            _left -= time.GetElapsedTime(start);
        }
    }
}

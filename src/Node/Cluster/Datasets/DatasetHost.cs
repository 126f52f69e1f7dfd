using Microsoft.Extensions.Logging;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>
/// One that hosts a dataset that is being made here, for as long as that takes. However often it is asked, all that it sends comes from one
/// source, so that all of it is had again when it is caught. <see cref="Revoke"/> is thread-safe, the rest is for one caller.
/// </summary>
/// <param name="peer">Who.</param>
/// <param name="intake">Of the dataset.</param>
/// <param name="open">Opens streams.</param>
/// <param name="ban">Shuts it out, and says why in one line.</param>
/// <param name="time">Measures rates.</param>
/// <param name="logger">Told of what it brought.</param>
internal sealed class DatasetHost(
    PeerId peer, ChunkIntake intake, StreamOpener open, Action<PeerId, string> ban, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>How long a host is left alone that could not help.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    /// <summary>For a run to come to its end that a dismissed host is at.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private ChunkSource? _source;
    private CancellationTokenSource _dismissal = new(Timeout.InfiniteTimeSpan, time);
    private Task<bool>? _fetch;
    private long? _resting;
    private long _asked;
    private volatile bool _isLeaving;
    private volatile bool _isLiar;
    private volatile bool _isRevoked;

    public PeerId Peer => peer;

    /// <summary>Is told when it has sent right chunks.</summary>
    public Action<PeerId> Helped { get; init; } = static _ => { };

    public HostPace Pace { get; } = new(time);

    /// <summary>Whether it was asked before.</summary>
    public bool WasAsked { get; private set; }

    /// <summary>Whether it is being asked, and for how long it has been.</summary>
    public bool IsAsked => _fetch is not null;

    public TimeSpan AskedFor => time.GetElapsedTime(_asked);

    /// <summary>Whether it will soon be asked no more.</summary>
    public bool IsLeaving => _isLeaving;

    /// <summary>Whether it sent what no honest host sends.</summary>
    public bool IsLiar => _isLiar;

    /// <summary>Whether it can be asked now.</summary>
    public bool IsFree => !IsAsked && !_isRevoked && !(_resting is long since && time.GetElapsedTime(since) < Rest);

    /// <summary>Downloads from it until nothing is left to ask for.</summary>
    public void Ask(CancellationToken cancellation)
    {
        _dismissal.Dispose();
        _dismissal = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _isLeaving = false;
        WasAsked = true;
        _asked = time.GetTimestamp();
        _fetch = FetchAsync(OpenSource(), _dismissal.Token, cancellation);
    }

    /// <summary>Ends the download with the run that it is at, or without it if that takes too long.</summary>
    public void Dismiss()
    {
        _isLeaving = true;
        _dismissal.CancelAfter(Farewell);
    }

    /// <summary>If it is asked no more, notes how that ended.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task SettleAsync()
    {
        if (_fetch is not { IsCompleted: true } fetch)
            return;
        if (!await fetch)
            _resting = time.GetTimestamp();
        _fetch = null;
        _isLeaving = false;
    }

    /// <summary>Ends when it is not asked any more, however that came.</summary>
    public async Task EndAsync()
    {
        if (_fetch is not null)
            await ((Task)_fetch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>All that it sent is had again, and it is asked for nothing more.</summary>
    public void Revoke()
    {
        lock (_lock)
        {
            _isRevoked = true;
            _source?.Revoke();
        }
    }

    public void Dispose() => _dismissal.Dispose();

    private ChunkSource OpenSource()
    {
        lock (_lock)
            return _source ??= intake.Open(() => Expose("chunks of a dataset that it sent are wrong"));
    }

    /// <returns>False when the host is not worth asking again soon.</returns>
    private async Task<bool> FetchAsync(ChunkSource source, CancellationToken dismissal, CancellationToken cancellation)
    {
        Tally tally = new();
        string? end;
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(dismissal, cancellation);
        Pace.Begin();
        try
        {
            end = await FetchAsync(source, tally, either.Token);
        }
        catch (ProtocolException error)
        {
            Expose(error.Message);
            return false;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            Pace.End(counts: true);
            return true;
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            Pace.End(counts: error is TimeoutException);
            end = error.Message;
        }
        finally
        {
            Pace.End(counts: false);
            source.Return();
            if (tally.Taken > 0)
            {
                logger.LogInformation("Dataset: {Count} MiB from {Peer}, {Rate:F1} MiB/s", tally.Taken, peer, Pace.Rate);
                if (!_isRevoked)
                    Helped(peer);
            }
        }
        if (end is not null)
            logger.LogInformation("Dataset: no more from {Peer}: {Reason}", peer, end);
        return end is null;
    }

    /// <returns>Why it ended before nothing was left to ask for; null when that was so, or when it was dismissed.</returns>
    private async Task<string?> FetchAsync(ChunkSource source, Tally tally, CancellationToken cancellation)
    {
        await using PeerStream stream = await open(peer, cancellation);
        using DatasetClient client = new(stream, time);

        // Bytes then go straight to the chunk that they belong to. It is read by the loop that brings them, which has little else to bring.
        stream.RunsInline = true;
        try
        {
            string? end = await TakeRunsAsync(client, source, tally, cancellation);
            await stream.CloseWriteAsync(cancellation);
            return end;
        }
        finally
        {
            // What follows the download must not hold up that loop, nor end the connection within it.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
    }

    private async Task<string?> TakeRunsAsync(DatasetClient client, ChunkSource source, Tally tally, CancellationToken cancellation)
    {
        string? end = null;
        for ((int First, int Count)? next = await AskAsync(client, source, cancellation); next is { } run && end is null;)
        {
            // It knows what comes next before it is done, so that it need not wait to be asked.
            next = await AskAsync(client, source, cancellation);
            DatasetRefusal refusal = await TakeRunAsync(client, source, run.First, run.Count, tally, cancellation);
            if (refusal != DatasetRefusal.None)
                end = refusal == DatasetRefusal.Busy ? "it is busy" : "it no longer has the dataset";
            else if (!Pace.IsWorthIt(intake.LocalRate))
                end = FormattableString.Invariant($"{Pace.Rate:F1} MiB/s make no difference beside {intake.LocalRate:F0} MiB/s computed here");
        }
        return end;
    }

    /// <summary>Asks for a run of chunks; null when none is left, or when the host is to be asked no more.</summary>
    private async Task<(int First, int Count)?> AskAsync(DatasetClient client, ChunkSource source, CancellationToken cancellation)
    {
        if (_isLeaving || !source.TryTake(Pace.Next, out int first, out int count))
            return null;
        await client.AskAsync(intake.Key, first, count, cancellation);
        return (first, count);
    }

    private async Task<DatasetRefusal> TakeRunAsync(
        DatasetClient client, ChunkSource source, int first, int count, Tally tally, CancellationToken cancellation)
    {
        Pace.Begin();
        for (int chunk = first; chunk < first + count; chunk++)
        {
            (ChunkVerdict? verdict, DatasetRefusal refusal) = await client.TakeAsync(chunk, intake.SizeOf(chunk), source, cancellation);
            if (verdict is null)
                return refusal;
            if (verdict == ChunkVerdict.Wrong)
                throw new ProtocolException($"chunk {chunk} of the dataset is wrong, so all that it sent is had again");
            Pace.Arrive();
            tally.Taken += verdict == ChunkVerdict.Taken ? 1 : 0;
        }
        Pace.End(counts: true);
        source.SetRate(Pace.Rate);
        return DatasetRefusal.None;
    }

    private void Expose(string reason)
    {
        _isLiar = true;
        Revoke();
        ban(peer, reason);
    }

    /// <summary>Chunks that came on one stream.</summary>
    private sealed class Tally
    {
        public int Taken { get; set; }
    }
}

using Microsoft.Extensions.Logging;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>Opens a stream of the dataset protocol to a peer; fails with an <see cref="IOException"/>.</summary>
internal delegate ValueTask<PeerStream> StreamOpener(PeerId peer, CancellationToken cancellation);

/// <summary>
/// Downloads chunks of datasets from the hosts in the cluster, from several at once, while this machine computes others. Who
/// sends wrong ones is shut out.
/// </summary>
/// <param name="hosts">Members that host the dataset of a key and are welcome.</param>
/// <param name="open">Opens streams.</param>
/// <param name="isProven">Whether a member has proved itself.</param>
/// <param name="conduct">Shuts out who lies.</param>
/// <param name="time">Measures rates.</param>
/// <param name="logger">Told of who brought how much.</param>
internal sealed class DatasetSwarm(
    Func<Hash256, IReadOnlyList<PeerId>> hosts, StreamOpener open, Predicate<PeerId> isProven, Conduct conduct, TimeProvider time, ILogger logger) : IChunkSupplier
{
    /// <summary>Hosts that are asked at the same time.</summary>
    private const int MaxHosts = 4;

    /// <summary>Looked so often for hosts that came meanwhile.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Of one dataset; who is caught after that many may be the same one again, so that only members who have proved themselves are asked then.</summary>
    private const int MaxLiars = 3;

    /// <summary>How long a host is left alone that could not help.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly List<Hash256> _wanted = [];

    /// <summary>Keys whose datasets are being made here.</summary>
    public IReadOnlyList<Hash256> Wanted
    {
        get
        {
            lock (_lock)
                return [.. _wanted];
        }
    }

    public async Task SupplyAsync(ChunkIntake intake, CancellationToken cancellation)
    {
        lock (_lock)
            _wanted.Add(intake.Key);
        Dictionary<PeerId, Task<bool>> active = [];
        Dictionary<PeerId, long> resting = [];
        LiarCount liars = new();
        try
        {
            while (true)
            {
                foreach (PeerId peer in active.Keys.Where(peer => active[peer].IsCompleted).ToArray())
                {
                    if (!await active[peer])
                        resting[peer] = time.GetTimestamp();
                    active.Remove(peer);
                }
                IEnumerable<PeerId> candidates = intake.HasFree ? hosts(intake.Key).Where(MayHelp) : [];
                foreach (PeerId peer in candidates.Where(peer => !active.ContainsKey(peer) && !IsResting(peer)).Take(MaxHosts - active.Count))
                    active[peer] = FetchAsync(peer, intake, liars, cancellation);
                await Task.Delay(Look, time, cancellation);
            }
        }
        finally
        {
            Task all = Task.WhenAll(active.Values);
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_lock)
                _wanted.Remove(intake.Key);
        }

        bool MayHelp(PeerId peer) => liars.Count < MaxLiars || isProven(peer);

        bool IsResting(PeerId peer) => resting.TryGetValue(peer, out long since) && time.GetElapsedTime(since) < Rest;
    }

    /// <summary>Downloads from one host until nothing is left to ask for.</summary>
    /// <returns>False when the host is not worth asking again soon.</returns>
    private async Task<bool> FetchAsync(PeerId peer, ChunkIntake intake, LiarCount liars, CancellationToken cancellation)
    {
        int taken = 0;
        RunLength pace = new();
        string? end = null;
        try
        {
            await using PeerStream stream = await open(peer, cancellation);
            using DatasetClient client = new(stream, time);
            using ChunkSource source = intake.Open(() => Expose(peer, "chunks of a dataset that it sent are wrong", liars));
            while (source.TryTake(pace.Next, out int first, out int count))
            {
                (int run, DatasetRefusal refusal) = await TakeRunAsync(client, source, intake, first, count, pace, cancellation);
                taken += run;
                if (refusal != DatasetRefusal.None)
                    end = refusal == DatasetRefusal.Busy ? "it is busy" : "it no longer has the dataset";
                else if (!pace.IsWorthIt(intake.LocalRate))
                    end = FormattableString.Invariant($"{pace.Rate:F1} MiB/s make no difference beside {intake.LocalRate:F0} MiB/s computed here");
                else
                    continue;
                break;
            }
            await stream.CloseWriteAsync(cancellation);
        }
        catch (ProtocolException error)
        {
            Expose(peer, error.Message, liars);
            return false;
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            end = error.Message;
        }
        finally
        {
            if (taken > 0)
                logger.LogInformation("Dataset: {Count} MiB from {Peer}, {Rate:F1} MiB/s", taken, peer, pace.Rate);
        }
        if (end is not null)
            logger.LogInformation("Dataset: no more from {Peer}: {Reason}", peer, end);
        return end is null;
    }

    private async Task<(int Taken, DatasetRefusal Refusal)> TakeRunAsync(
        DatasetClient client, ChunkSource source, ChunkIntake intake, int first, int count, RunLength pace,
        CancellationToken cancellation)
    {
        int taken = 0;
        long start = time.GetTimestamp();
        await client.AskAsync(intake.Key, first, count, cancellation);
        for (int chunk = first; chunk < first + count; chunk++)
        {
            (ChunkVerdict? verdict, DatasetRefusal refusal) = await client.TakeAsync(chunk, intake.SizeOf(chunk), source, cancellation);
            if (verdict is null)
                return (taken, refusal);
            if (verdict == ChunkVerdict.Wrong)
                throw new ProtocolException($"chunk {chunk} of the dataset is wrong, so all that it sent is computed here");
            taken += verdict == ChunkVerdict.Taken ? 1 : 0;
        }
        pace.Add(count, time.GetElapsedTime(start));
        source.SetRate(pace.Rate);
        return (taken, DatasetRefusal.None);
    }

    private void Expose(PeerId peer, string reason, LiarCount liars)
    {
        liars.Add();
        conduct.Ban(peer, reason);
    }

    private sealed class LiarCount
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Add() => Interlocked.Increment(ref _count);
    }
}

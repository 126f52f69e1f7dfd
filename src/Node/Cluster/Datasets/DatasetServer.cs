using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>Sends chunks of the datasets that this node hosts to those who ask.</summary>
/// <param name="hold">The dataset of a key; null when it is not held, or not shared.</param>
/// <param name="budget">Limits all uploads together.</param>
/// <param name="isProven">Whether a member has proved itself.</param>
/// <param name="time">Ends streams on which nothing goes on.</param>
internal sealed class DatasetServer(Func<Hash256, HeldDataset?> hold, UploadBudget budget, Predicate<PeerId> isProven, TimeProvider time)
{
    /// <summary>Streams that one peer may have open.</summary>
    public static readonly HandlerLimits Limits = new(Inbound: 2, Outbound: 2);

    /// <summary>For a request, and for a chunk to be taken: a reader so slow gains nothing, and keeps memory from being given back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly PeerQuota _quota = new(time);
    private readonly UploadSlots _slots = new(isProven, time);
    private long _sent;

    /// <summary>Chunks sent since the start.</summary>
    public long ChunksSent => Volatile.Read(ref _sent);

    /// <exception cref="IOException">The stream broke, the reader had to make room for another, or the other side breaks the protocol.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or nothing went on for too long.</exception>
    public async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        using CancellationTokenSource idle = new(Timeout.InfiniteTimeSpan, time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, idle.Token);
        UploadSlot? slot = null;
        try
        {
            while (true)
            {
                idle.CancelAfter(Patience);
                DatasetRequest? request = await Frames.ReadAsync(stream, DatasetProtocol.Requests, DatasetProtocol.MaxRequestSize, end.Token);
                if (request is null)
                    break;

                // Who opens a stream and asks for nothing has no slot.
                slot ??= _slots.TryTake(stream);
                DatasetRefusal refusal = slot is null ? DatasetRefusal.Busy : await AnswerAsync(stream, slot, request, idle, end.Token);
                if (refusal == DatasetRefusal.None)
                    continue;
                await Frames.WriteAsync(stream, new DatasetChunk { Refusal = refusal }, end.Token);
                break;
            }
        }
        finally
        {
            if (slot is not null)
                _slots.Free(slot);
        }
        await stream.CloseWriteAsync(cancellation);
    }

    private async Task<DatasetRefusal> AnswerAsync(
        PeerStream stream, UploadSlot slot, DatasetRequest request, CancellationTokenSource idle, CancellationToken cancellation)
    {
        Hash256 key = DatasetProtocol.KeyOf(request);
        if (!_quota.TryTake(slot.Peer, (int)request.ChunkCount))
            return DatasetRefusal.Busy;
        for (uint i = 0; i < request.ChunkCount; i++)
        {
            slot.Pause();
            await budget.TakeAsync(DatasetProtocol.MaxChunkSize, cancellation);
            idle.CancelAfter(Patience);

            // Held for one chunk only: the key may change meanwhile, and its memory be wanted.
            using HeldDataset? dataset = hold(key);
            if (dataset is null)
                return DatasetRefusal.NotHeld;
            long index = (long)request.FirstChunk + i;
            if (index >= dataset.Chunks)
                throw new ProtocolException($"chunk {index} of a dataset of {dataset.Chunks}");
            ReadOnlyMemory<byte> items = dataset.Chunk((int)index);
            slot.AwaitReader();
            await stream.WriteAsync(DatasetProtocol.Prefix((int)index, items.Length), cancellation);
            await stream.WriteAsync(items, cancellation);
            slot.Take();
            Interlocked.Increment(ref _sent);
        }
        slot.AwaitReader();
        return DatasetRefusal.None;
    }
}

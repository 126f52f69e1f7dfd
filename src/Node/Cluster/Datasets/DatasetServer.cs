using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Network;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>Sends chunks of the datasets that this node hosts to those who ask.</summary>
/// <param name="hold">The dataset of a key; null when it is not held, or not shared.</param>
/// <param name="budget">Limits all uploads together.</param>
/// <param name="time">Ends streams on which nothing goes on.</param>
internal sealed class DatasetServer(Func<Hash256, HeldDataset?> hold, UploadBudget budget, TimeProvider time)
{
    /// <summary>Streams that one peer may have open.</summary>
    public static readonly HandlerLimits Limits = new(Inbound: 2, Outbound: 2);

    /// <summary>Streams that are served at the same time; others are told to come later.</summary>
    private const int MaxUploads = 16;

    /// <summary>For a request, and for a chunk to be taken: a reader so slow gains nothing, and keeps memory from being given back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly PeerQuota _quota = new(time);
    private int _uploads;
    private long _sent;

    /// <summary>Chunks sent since the start.</summary>
    public long ChunksSent => Volatile.Read(ref _sent);

    /// <exception cref="IOException">The stream broke, or the other side breaks the protocol.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or nothing went on for too long.</exception>
    public async Task ServeAsync(PeerStream stream, CancellationToken cancellation)
    {
        using CancellationTokenSource idle = new(Timeout.InfiniteTimeSpan, time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, idle.Token);
        bool isFull = Interlocked.Increment(ref _uploads) > MaxUploads;
        try
        {
            while (true)
            {
                idle.CancelAfter(Patience);
                DatasetRequest? request = await Frames.ReadAsync(stream, DatasetProtocol.Requests, DatasetProtocol.MaxRequestSize, end.Token);
                if (request is null)
                    break;
                DatasetRefusal refusal = isFull ? DatasetRefusal.Busy : await AnswerAsync(stream, request, idle, end.Token);
                if (refusal == DatasetRefusal.None)
                    continue;
                await Frames.WriteAsync(stream, new DatasetChunk { Refusal = refusal }, end.Token);
                break;
            }
        }
        finally
        {
            Interlocked.Decrement(ref _uploads);
        }
        await stream.CloseWriteAsync(cancellation);
    }

    private async Task<DatasetRefusal> AnswerAsync(
        PeerStream stream, DatasetRequest request, CancellationTokenSource idle, CancellationToken cancellation)
    {
        Hash256 key = DatasetProtocol.KeyOf(request);
        if (!_quota.TryTake(stream.Connection.RemotePeer, (int)request.ChunkCount))
            return DatasetRefusal.Busy;
        for (uint i = 0; i < request.ChunkCount; i++)
        {
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
            await stream.WriteAsync(DatasetProtocol.Prefix((int)index, items.Length), cancellation);
            await stream.WriteAsync(items, cancellation);
            Interlocked.Increment(ref _sent);
        }
        return DatasetRefusal.None;
    }
}

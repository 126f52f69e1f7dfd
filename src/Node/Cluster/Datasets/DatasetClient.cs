using System.Buffers;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Chunks;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>Asks on one stream for chunks of a dataset.</summary>
internal sealed class DatasetClient(PeerStream stream, TimeProvider time) : IDisposable
{
    /// <summary>For one chunk; as long as a host waits for its turn to send.</summary>
    private static readonly TimeSpan ChunkTimeout = TimeSpan.FromSeconds(30);

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(DatasetProtocol.MaxMessageSize);

    /// <summary>Asks for chunks that follow one another.</summary>
    /// <exception cref="IOException">The stream broke.</exception>
    public Task AskAsync(Hash256 key, int first, int count, CancellationToken cancellation) =>
        Frames.WriteAsync(stream, DatasetProtocol.RequestFor(key, first, count), cancellation);

    /// <summary>Reads the chunk that is due and hands it on.</summary>
    /// <param name="chunk">Its index.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="source">Takes it.</param>
    /// <param name="cancellation">Gives up; the stream is of no more use then.</param>
    /// <returns>What became of it; null and the reason when the other sends none.</returns>
    /// <exception cref="IOException">The stream broke or ended, or the answer breaks the protocol.</exception>
    /// <exception cref="TimeoutException">No chunk in time.</exception>
    public async Task<(ChunkVerdict? Verdict, DatasetRefusal Refusal)> TakeAsync(
        int chunk, int size, ChunkSource source, CancellationToken cancellation)
    {
        int length;
        using CancellationTokenSource limit = new(ChunkTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            length = await Frames.ReadLengthAsync(stream, DatasetProtocol.MaxMessageSize, either.Token)
                ?? throw new EndOfStreamException("the host ended the stream before all chunks were there");
            await stream.ReadExactlyAsync(_buffer.AsMemory(0, length), either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"no chunk within {ChunkTimeout.TotalSeconds} s");
        }
        if (!ChunkMessage.TryDecode(_buffer.AsSpan(0, length), out ChunkMessage message))
            throw new ProtocolException("a malformed chunk");
        if (message.Refusal != DatasetRefusal.None)
            return (null, message.Refusal);
        if (message.Index != (uint)chunk || message.Items.Length != size)
            throw new ProtocolException($"chunk {message.Index} of {message.Items.Length} bytes instead of chunk {chunk} of {size}");
        return (source.Offer(chunk, message.Items), DatasetRefusal.None);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);
}

using Google.Protobuf;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.P2P.Streams;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>The protocol by which chunks of datasets travel (Proto/dataset.proto): its id, bounds and forms.</summary>
internal static class DatasetProtocol
{
    public const string Id = "/p2p-miner/dataset/1";

    /// <summary>Of one request.</summary>
    public const int MaxChunks = 64;

    /// <summary>Of a request, in bytes.</summary>
    public const int MaxRequestSize = 64;

    /// <summary>Items of a chunk, in bytes.</summary>
    public const int MaxChunkSize = 1 << 20;

    /// <summary>Of a chunk with what is around it, in bytes.</summary>
    public const int MaxMessageSize = MaxChunkSize + 32;

    public static readonly MessageParser<DatasetRequest> Requests = DatasetRequest.Parser.WithDiscardUnknownFields(true);

    private const int IndexField = 2;
    private const int ItemsField = 3;

    public static DatasetRequest RequestFor(Hash256 key, int first, int count)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        key.CopyTo(bytes);
        return new DatasetRequest { Key = ByteString.CopyFrom(bytes), FirstChunk = (uint)first, ChunkCount = (uint)count };
    }

    /// <summary>The key that a request asks for.</summary>
    /// <exception cref="ProtocolException">It is none, or asks for nothing or for too much.</exception>
    public static Hash256 KeyOf(DatasetRequest request)
    {
        if (request.Key.Length != Hash256.Size || request.ChunkCount is 0 or > MaxChunks)
            throw new ProtocolException($"a request names a key and 1 to {MaxChunks} chunks");
        return new Hash256(request.Key.Span);
    }

    /// <summary>What stands before the items of a chunk, with the length of the message; the items end it, so that they need not be copied.</summary>
    public static byte[] Prefix(int index, int size)
    {
        byte[] fields = new byte[16];
        using CodedOutputStream output = new(fields);
        output.WriteTag(IndexField, WireFormat.WireType.Varint);
        output.WriteUInt32((uint)index);
        output.WriteTag(ItemsField, WireFormat.WireType.LengthDelimited);
        output.WriteLength(size);
        int length = (int)output.Position;
        byte[] prefix = new byte[CodedOutputStream.ComputeLengthSize(length + size) + length];
        using CodedOutputStream framed = new(prefix);
        framed.WriteLength(length + size);
        fields.AsSpan(0, length).CopyTo(prefix.AsSpan((int)framed.Position));
        return prefix;
    }
}

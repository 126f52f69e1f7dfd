using P2PMiner.Node.Cluster.Proto;

namespace P2PMiner.Node.Cluster.Datasets;

/// <summary>A <see cref="DatasetChunk"/> that is read where it lies, so that a megabyte is not copied.</summary>
internal readonly ref struct ChunkMessage
{
    private const int VarintWire = 0;
    private const int Fixed64Wire = 1;
    private const int LengthWire = 2;
    private const int Fixed32Wire = 5;

    private ChunkMessage(DatasetRefusal refusal, uint index, ReadOnlySpan<byte> items)
    {
        Refusal = refusal;
        Index = index;
        Items = items;
    }

    public DatasetRefusal Refusal { get; }

    public uint Index { get; }

    /// <summary>A part of the message.</summary>
    public ReadOnlySpan<byte> Items { get; }

    /// <summary>Reads a message of any origin (protobuf encoding, "Message Structure"): fields in any order, the last of each counts, unknown ones are passed over.</summary>
    /// <returns>False when it is malformed.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> message, out ChunkMessage chunk)
    {
        DatasetRefusal refusal = DatasetRefusal.None;
        uint index = 0;
        ReadOnlySpan<byte> items = default;
        chunk = default;
        while (!message.IsEmpty)
        {
            if (!TryReadVarint(ref message, out ulong tag) || tag >> 3 is 0 or > uint.MaxValue >> 3
                || !TryReadValue(ref message, (int)(tag & 7), out ulong number, out ReadOnlySpan<byte> bytes))
            {
                return false;
            }
            switch (tag)
            {
                case (DatasetChunk.RefusalFieldNumber << 3) | VarintWire:
                    refusal = (DatasetRefusal)(int)number;
                    break;
                case (DatasetChunk.IndexFieldNumber << 3) | VarintWire:
                    index = (uint)number;
                    break;
                case (DatasetChunk.ItemsFieldNumber << 3) | LengthWire:
                    items = bytes;
                    break;
            }
        }
        chunk = new ChunkMessage(refusal, index, items);
        return true;
    }

    private static bool TryReadValue(scoped ref ReadOnlySpan<byte> message, int wire, out ulong number, out ReadOnlySpan<byte> bytes)
    {
        number = 0;
        bytes = default;
        switch (wire)
        {
            case VarintWire:
                return TryReadVarint(ref message, out number);
            case Fixed64Wire:
                return TryTake(ref message, sizeof(ulong), out bytes);
            case Fixed32Wire:
                return TryTake(ref message, sizeof(uint), out bytes);
            case LengthWire:
                return TryReadVarint(ref message, out ulong length) && TryTake(ref message, length, out bytes);
            default:
                return false;
        }
    }

    private static bool TryTake(scoped ref ReadOnlySpan<byte> message, ulong length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (length > (ulong)message.Length)
            return false;
        bytes = message[..(int)length];
        message = message[(int)length..];
        return true;
    }

    private static bool TryReadVarint(scoped ref ReadOnlySpan<byte> message, out ulong value)
    {
        value = 0;
        for (int i = 0; i < Math.Min(message.Length, 10); i++)
        {
            value |= (ulong)(message[i] & 0x7f) << (7 * i);
            if (message[i] >= 0x80)
                continue;
            message = message[(i + 1)..];
            return true;
        }
        return false;
    }
}

namespace P2PMiner.Mining.Monero;

/// <summary>
/// The tagged fields of a transaction's extra bytes (monero-project/monero, src/cryptonote_basic/tx_extra.h): 0x00
/// zero padding up to the end, 0x01 public key (32 bytes), 0x02 nonce (varint length up to 255, bytes), 0x03 merge
/// mining and 0xde "mysterious minergate" (varint length, bytes), 0x04 additional public keys (varint count, 32 each).
/// </summary>
internal static class TransactionExtra
{
    private const byte Padding = 0x00;
    private const byte PublicKey = 0x01;
    private const byte Nonce = 0x02;
    private const byte MergeMining = 0x03;
    private const byte AdditionalKeys = 0x04;
    private const byte Minergate = 0xde;

    private const int MaxPadding = 255;
    private const int MaxNonce = 255;

    /// <summary>Checks every field and finds the content of the first nonce.</summary>
    /// <param name="extra">All extra bytes.</param>
    /// <param name="nonce">Where the nonce's content lies in <paramref name="extra"/>; empty when there is none.</param>
    /// <param name="error">What is wrong; empty on success.</param>
    public static bool TryFindNonce(ReadOnlySpan<byte> extra, out Range nonce, out string error)
    {
        nonce = default;
        var reader = new BlobReader(extra);
        bool found = false;
        bool parsed = true;
        while (parsed && reader.Remaining > 0)
        {
            parsed = TryReadField(ref reader, out byte tag, out int size);
            if (parsed && tag == Nonce && !found)
            {
                nonce = (reader.Position - size)..reader.Position;
                found = true;
            }
        }
        error = parsed ? "" : $"in extra: {reader.Error}";
        return parsed;
    }

    private static bool TryReadField(ref BlobReader reader, out byte tag, out int size)
    {
        size = 0;
        if (!reader.TryByte("tag", out tag))
            return false;
        ulong length;
        switch (tag)
        {
            case Padding:
                return TryReadPadding(ref reader);
            case PublicKey:
                length = Hash256.Size;
                break;
            case Nonce or MergeMining or Minergate:
                if (!reader.TryVarint("field length", out length))
                    return false;
                if (tag == Nonce && length > MaxNonce)
                    return reader.Fail($"nonce of {length} bytes exceeds {MaxNonce}");
                break;
            case AdditionalKeys:
                if (!reader.TryVarint("key count", out ulong count))
                    return false;
                if (count > (ulong)(reader.Remaining / Hash256.Size))
                    return reader.Fail($"{count} additional keys do not fit");
                length = count * Hash256.Size;
                break;
            default:
                return reader.Fail($"unknown tag 0x{tag:x2}");
        }
        bool taken = reader.TryTake("field", length, out ReadOnlySpan<byte> field);
        size = field.Length;
        return taken;
    }

    private static bool TryReadPadding(ref BlobReader reader)
    {
        if (reader.Remaining >= MaxPadding)
            return reader.Fail($"padding exceeds {MaxPadding} bytes");
        return reader.TryTake("padding", (ulong)reader.Remaining, out ReadOnlySpan<byte> zeros)
            && (!zeros.ContainsAnyExcept((byte)0) || reader.Fail("padding is not zero"));
    }
}

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Monero's base58: blocks of 8 bytes become 11 characters each, the last, shorter one as many as it needs
/// (monero-project/monero, src/common/base58.cpp). Only what an encoder would write is accepted: SimpleBase's decoder
/// lets a block overflow silently and throws on characters beyond ASCII, so it cannot serve here.
/// </summary>
internal static class AddressBase58
{
    private const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private const int BlockSize = 8;
    private const int EncodedBlockSize = 11;

    /// <summary>Bytes by number of characters in a block; 0 where no block has that many.</summary>
    private static ReadOnlySpan<byte> DecodedSizes => [0, 0, 1, 2, 0, 3, 4, 5, 0, 6, 7, BlockSize];

    /// <summary>Bytes that <paramref name="characters"/> characters decode to; -1 when no encoding has that length.</summary>
    public static int DecodedLength(int characters)
    {
        int rest = characters % EncodedBlockSize;
        return rest != 0 && DecodedSizes[rest] == 0 ? -1 : characters / EncodedBlockSize * BlockSize + DecodedSizes[rest];
    }

    /// <param name="text">A length that <see cref="DecodedLength"/> knows.</param>
    /// <param name="destination">Exactly the decoded length in bytes.</param>
    /// <param name="error">The character or the block that is wrong, by position from 1; empty on success.</param>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination, out string error)
    {
        for (int start = 0; start < text.Length; start += EncodedBlockSize)
        {
            ReadOnlySpan<char> block = text.Slice(start, Math.Min(EncodedBlockSize, text.Length - start));
            int size = DecodedSizes[block.Length];
            UInt128 value = 0;
            for (int i = 0; i < block.Length; i++)
            {
                int digit = Alphabet.IndexOf(block[i], StringComparison.Ordinal);
                if (digit < 0)
                {
                    error = $"{Describe(block[i])} at position {start + i + 1} is not a base58 character: mistyped?";
                    return false;
                }
                value = value * (uint)Alphabet.Length + (uint)digit;
            }
            if (value >> (8 * size) != 0)
            {
                error = $"positions {start + 1} to {start + block.Length} are not base58 of {size} bytes: mistyped?";
                return false;
            }
            for (int i = size - 1; i >= 0; i--, value >>= 8)
                destination[start / EncodedBlockSize * BlockSize + i] = (byte)value;
        }
        error = "";
        return true;
    }

    private static string Describe(char character) =>
        character is > ' ' and <= '~' ? $"'{character}'" : $"U+{(int)character:X4}";
}

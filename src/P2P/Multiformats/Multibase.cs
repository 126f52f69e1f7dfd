using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using SimpleBase;

namespace P2PMiner.P2P.Multiformats;

/// <summary>Text forms of bytes with a letter in front that names the base (github.com/multiformats/multibase).</summary>
/// <remarks>Reads base16, base32, base36, base58btc and base64url without padding, strictly; writes what libp2p prints.</remarks>
internal static class Multibase
{
    /// <summary>The longest text read: decoding base36 and base58 takes time in the square of the length.</summary>
    internal const int MaxTextLength = 512;

    private const string Base32Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>Decodes text with its base's letter in front; false if anything in it is wrong or the base is not known.</summary>
    internal static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (text.Length is < 2 or > MaxTextLength)
            return false;
        ReadOnlySpan<char> digits = text[1..];
        return text[0] switch
        {
            'b' or 'B' => TryDecodeBase32(digits, text[0] == 'B', out bytes),
            'k' => TryDecodeBy(Base36.LowerCase, digits, out bytes),
            'f' or 'F' => TryDecodeBase16(digits, out bytes),
            'u' => TryDecodeBase64Url(digits, out bytes),
            'z' => TryDecodeBase58(digits, out bytes),
            _ => false,
        };
    }

    /// <summary>Base58btc without a letter, as peer ids and version 0 CIDs are written.</summary>
    internal static bool TryDecodeBase58(ReadOnlySpan<char> digits, [NotNullWhen(true)] out byte[]? bytes) =>
        TryDecodeBy(Base58.Bitcoin, digits, out bytes);

    internal static string EncodeBase58(ReadOnlySpan<byte> bytes) => Base58.Bitcoin.Encode(bytes);

    /// <summary>RFC 4648 base32, lower case, without padding and without a letter.</summary>
    internal static string EncodeBase32(ReadOnlySpan<byte> bytes)
    {
        Span<char> digits = stackalloc char[(bytes.Length * 8 + 4) / 5];
        int bits = 0;
        int held = 0;
        int position = 0;
        foreach (byte value in bytes)
        {
            held = (held << 8) | value;
            for (bits += 8; bits >= 5; bits -= 5)
                digits[position++] = Base32Alphabet[(held >> (bits - 5)) & 31];
            held &= (1 << bits) - 1;
        }
        if (bits > 0)
            digits[position] = Base32Alphabet[(held << (5 - bits)) & 31];
        return new string(digits);
    }

    /// <summary>RFC 4648 base64url without padding, with its letter in front.</summary>
    internal static string EncodeBase64Url(ReadOnlySpan<byte> bytes) => "u" + Base64Url.EncodeToString(bytes);

    private static bool TryDecodeBy(INonAllocatingBaseCoder coder, ReadOnlySpan<char> digits, [NotNullWhen(true)] out byte[]? bytes)
    {
        // No base has more than a byte to a digit. The library looks digits up in a table without checking that they are in it.
        Span<byte> buffer = stackalloc byte[MaxTextLength];
        bytes = digits.Length is > 0 and <= MaxTextLength && !digits.ContainsAnyExceptInRange('0', 'z')
            && coder.TryDecode(digits, buffer, out int written)
            ? buffer[..written].ToArray()
            : null;
        return bytes is not null;
    }

    private static bool TryDecodeBase32(ReadOnlySpan<char> digits, bool upper, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        byte[] result = new byte[digits.Length * 5 / 8];
        int bits = 0;
        int held = 0;
        int position = 0;
        foreach (char digit in digits)
        {
            int value = upper == char.IsAsciiLetterUpper(digit) || char.IsAsciiDigit(digit)
                ? Base32Alphabet.IndexOf(char.ToLowerInvariant(digit), StringComparison.Ordinal)
                : -1;
            if (value < 0)
                return false;
            held = (held << 5) | value;
            bits += 5;
            if (bits < 8)
                continue;
            bits -= 8;
            result[position++] = (byte)(held >> bits);
            held &= (1 << bits) - 1;
        }
        // A whole digit too many, or bits that say nothing: several texts would stand for the same bytes.
        if (bits >= 5 || held != 0)
            return false;
        bytes = result;
        return true;
    }

    private static bool TryDecodeBase16(ReadOnlySpan<char> digits, [NotNullWhen(true)] out byte[]? bytes)
    {
        byte[] result = new byte[digits.Length / 2];
        bytes = digits.Length % 2 == 0
            && Convert.FromHexString(digits, result, out _, out _) == System.Buffers.OperationStatus.Done
            ? result
            : null;
        return bytes is not null;
    }

    private static bool TryDecodeBase64Url(ReadOnlySpan<char> digits, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        byte[] result = new byte[Base64Url.GetMaxDecodedLength(digits.Length)];
        if (digits.ContainsAny('=', ' ') || !Base64Url.IsValid(digits) || !Base64Url.TryDecodeFromChars(digits, result, out int written))
            return false;
        bytes = result[..written];
        return digits.SequenceEqual(Base64Url.EncodeToString(bytes));
    }
}

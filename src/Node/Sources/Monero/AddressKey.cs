using System.Numerics;

namespace P2PMiner.Node.Sources.Monero;

/// <summary>
/// Whether 32 bytes are a point of Ed25519: y is below p = 2^255 − 19 and x² = (y² − 1) / (d·y² + 1) has a root, which
/// is zero only with a clear sign bit (RFC 8032, section 5.1.3; the same rule as Monero's <c>check_key</c>).
/// What is paid to anything else is lost.
/// </summary>
internal static class AddressKey
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
    private static readonly BigInteger D = (P - 121665) * BigInteger.ModPow(121666, P - 2, P) % P;

    /// <param name="key">32 bytes, little-endian.</param>
    public static bool IsValid(ReadOnlySpan<byte> key)
    {
        bool negative = (key[^1] & 0x80) != 0;
        var y = new BigInteger(key, isUnsigned: true);
        if (negative)
            y -= BigInteger.One << 255;
        if (y >= P)
            return false;

        // u/v is a square exactly when u·v is: they differ by the square v². v is never 0, as −1/d is no square.
        BigInteger square = y * y % P;
        BigInteger product = (square - 1 + P) * (D * square + 1) % P;
        return product.IsZero ? !negative : BigInteger.ModPow(product, (P - 1) / 2, P).IsOne;
    }
}

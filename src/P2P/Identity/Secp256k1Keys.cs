using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace P2PMiner.P2P.Identity;

/// <summary>
/// secp256k1 public keys: compressed points of 33 bytes (SEC 1, section 2.3.3); signatures are DER over SHA-256. The framework verifies
/// them where its cryptographic library carries the curve (OpenSSL usually does); elsewhere these keys are refused.
/// </summary>
internal static class Secp256k1Keys
{
    private const int CoordinateSize = 32;

    private static readonly ECCurve Curve = ECCurve.CreateFromValue("1.3.132.0.10");

    // The curve is y² = x³ + 7 over the field of this prime (SEC 2, section 2.4.1).
    private static readonly BigInteger Prime = BigInteger.Parse(
        "0fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    internal static bool HasForm(ReadOnlySpan<byte> data) => data.Length == 1 + CoordinateSize && data[0] is 2 or 3;

    internal static bool IsUsable(ReadOnlySpan<byte> data)
    {
        Span<byte> point = stackalloc byte[2 * CoordinateSize];
        if (!TryDecompress(data, point) || !EcKeys.TryImport(Curve, point, out ECDsa? key))
            return false;
        key.Dispose();
        return true;
    }

    internal static bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> point = stackalloc byte[2 * CoordinateSize];
        return TryDecompress(data, point) && EcKeys.Verify(Curve, point, message, signature);
    }

    /// <summary>
    /// The framework takes points with both coordinates only. All values here are public, and the import checks once more that the point
    /// is on the curve.
    /// </summary>
    private static bool TryDecompress(ReadOnlySpan<byte> data, Span<byte> point)
    {
        BigInteger x = new(data[1..], isUnsigned: true, isBigEndian: true);
        if (x >= Prime)
            return false;
        BigInteger square = (BigInteger.ModPow(x, 3, Prime) + 7) % Prime;
        // The prime is 3 modulo 4, so this power is a square root if there is one.
        BigInteger y = BigInteger.ModPow(square, (Prime + 1) / 4, Prime);
        if (y * y % Prime != square)
            return false;
        if (y.IsEven != (data[0] == 2))
            y = Prime - y;
        data[1..].CopyTo(point);
        point[CoordinateSize..].Clear();
        int size = y.GetByteCount(isUnsigned: true);
        return y.TryWriteBytes(point[(2 * CoordinateSize - size)..], out _, isUnsigned: true, isBigEndian: true);
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace P2PMiner.P2P.Identity;

/// <summary>
/// ECDSA public keys on the curves P-256, P-384 and P-521: SubjectPublicKeyInfo in DER; signatures are DER over SHA-256. Only
/// uncompressed points of these named curves are taken, so what stands before the point is one of three constants (RFC 5480).
/// </summary>
internal static class EcKeys
{
    private static ReadOnlySpan<byte> P256Header =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    private static ReadOnlySpan<byte> P384Header =>
    [
        0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
    ];

    private static ReadOnlySpan<byte> P521Header =>
    [
        0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00, 0x04,
    ];

    internal static bool HasForm(ReadOnlySpan<byte> data) => TryReadPoint(data, out _, out _);

    internal static bool IsUsable(ReadOnlySpan<byte> data)
    {
        if (!TryReadPoint(data, out ECCurve curve, out ReadOnlySpan<byte> point) || !TryImport(curve, point, out ECDsa? key))
            return false;
        key.Dispose();
        return true;
    }

    internal static bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        TryReadPoint(data, out ECCurve curve, out ReadOnlySpan<byte> point) && Verify(curve, point, message, signature);

    internal static bool Verify(ECCurve curve, ReadOnlySpan<byte> point, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (!TryImport(curve, point, out ECDsa? key))
            return false;
        using (key)
        {
            return signature.Length <= key.GetMaxSignatureSize(DSASignatureFormat.Rfc3279DerSequence)
                && key.VerifyData(message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
    }

    /// <summary>Makes a key of a point: x, then y. False if it is not on the curve, or the system does not carry the curve.</summary>
    internal static bool TryImport(ECCurve curve, ReadOnlySpan<byte> point, [NotNullWhen(true)] out ECDsa? key)
    {
        int half = point.Length / 2;
        ECPoint q = new() { X = point[..half].ToArray(), Y = point[half..].ToArray() };
        try
        {
            key = ECDsa.Create(new ECParameters { Curve = curve, Q = q });
            return true;
        }
        catch (Exception exception) when (exception is CryptographicException or PlatformNotSupportedException)
        {
            key = null;
            return false;
        }
    }

    private static bool TryReadPoint(ReadOnlySpan<byte> data, out ECCurve curve, out ReadOnlySpan<byte> point)
    {
        (curve, int headerSize, int pointSize) = data switch
        {
            _ when data.StartsWith(P256Header) => (ECCurve.NamedCurves.nistP256, P256Header.Length, 2 * 32),
            _ when data.StartsWith(P384Header) => (ECCurve.NamedCurves.nistP384, P384Header.Length, 2 * 48),
            _ when data.StartsWith(P521Header) => (ECCurve.NamedCurves.nistP521, P521Header.Length, 2 * 66),
            _ => (default, 0, -1),
        };
        point = data[headerSize..];
        return point.Length == pointSize;
    }
}

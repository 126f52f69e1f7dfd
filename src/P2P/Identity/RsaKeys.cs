using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace P2PMiner.P2P.Identity;

/// <summary>RSA public keys: SubjectPublicKeyInfo in DER; signatures are PKCS #1 v1.5 over SHA-256.</summary>
/// <remarks>A key is imported for each use: an <see cref="RSA"/> object is not safe for concurrent use and holds native memory.</remarks>
internal static class RsaKeys
{
    internal const int MinBits = 2048;

    // A signature of 8192 bits is checked in well below a millisecond.
    internal const int MaxBits = 8192;

    internal const int MinDataSize = MinBits / 8;

    /// <summary>A modulus of the greatest size, a small exponent, and what DER puts around them.</summary>
    internal const int MaxDataSize = MaxBits / 8 + 64;

    // Verifying takes time in the length of the exponent; everybody uses 65537.
    private const int MaxExponentSize = 4;

    internal static bool IsUsable(ReadOnlySpan<byte> data)
    {
        if (!TryImport(data, out RSA? rsa))
            return false;
        using (rsa)
        {
            return rsa.KeySize is >= MinBits and <= MaxBits
                && rsa.ExportParameters(includePrivateParameters: false).Exponent!.Length <= MaxExponentSize;
        }
    }

    internal static bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (!TryImport(data, out RSA? rsa))
            return false;
        using (rsa)
            return rsa.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private static bool TryImport(ReadOnlySpan<byte> data, [NotNullWhen(true)] out RSA? rsa)
    {
        RSA key = RSA.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(data, out int consumed);
            rsa = consumed == data.Length ? key : null;
        }
        catch (CryptographicException)
        {
            // Malformed: whoever sent it is refused, which is the caller's business.
            rsa = null;
        }
        if (rsa is null)
            key.Dispose();
        return rsa is not null;
    }
}

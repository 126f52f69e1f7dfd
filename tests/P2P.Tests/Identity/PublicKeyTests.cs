using System.Security.Cryptography;
using System.Text.Json;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Identity;

public sealed class PublicKeyTests
{
    [TestCaseSource(typeof(VectorFile), nameof(VectorFile.Cases), new object[] { "peer-ids.json", "vectors" })]
    public void PublicKey_VerifiesASignatureOfAnotherImplementation(JsonElement vector)
    {
        Assert.That(PublicKey.TryDecode(vector.Hex("publicKey"), out PublicKey? key), Is.True);
        byte[] message = vector.Hex("message");
        byte[] signature = vector.Hex("signature");

        Assert.That(key!.Encoded.ToArray(), Is.EqualTo(vector.Hex("publicKey")));
        Assert.That(key.Verify(message, signature), Is.True);
        Assert.That(key.Verify([.. message, 0], signature), Is.False);
        Assert.That(key.Verify(message, []), Is.False);
        Assert.That(key.Verify(message, signature.AsSpan(1)), Is.False);
        Assert.That(key.Verify(message, [.. signature, 0]), Is.False);
        signature[^1] ^= 1;
        Assert.That(key.Verify(message, signature), Is.False);
    }

    /// <summary>RFC 8032, section 7.1, tests 1 to 3.</summary>
    [TestCase(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [TestCase(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [TestCase(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void KeyPair_SignsAsInRfc8032(string seed, string publicKey, string message, string signature)
    {
        Ed25519KeyPair pair = Ed25519KeyPair.FromSeed(Convert.FromHexString(seed));

        Assert.That(Convert.ToHexStringLower(pair.PublicKey), Is.EqualTo(publicKey));
        Assert.That(Convert.ToHexStringLower(pair.Sign(Convert.FromHexString(message))), Is.EqualTo(signature));
        Assert.That(pair.ToPublicKey().Verify(Convert.FromHexString(message), Convert.FromHexString(signature)), Is.True);
    }

    [TestCase("1220" + Zeros32 + "0801", Description = "fields in another order")]
    [TestCase("0881001220" + Zeros32, Description = "a type of more bytes than it needs")]
    [TestCase("080112a000" + Zeros32, Description = "a length of more bytes than it needs")]
    [TestCase("08011220" + Zeros32 + "1800", Description = "a field too many")]
    [TestCase("1220" + Zeros32, Description = "no type")]
    [TestCase("0801", Description = "no data")]
    [TestCase("08011200", Description = "empty data")]
    [TestCase("0801121f" + Zeros31, Description = "data too short")]
    [TestCase("08041220" + Zeros32, Description = "a type that does not exist")]
    [TestCase("0802122102ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", Description = "beyond the field of secp256k1")]
    [TestCase("08021221020000000000000000000000000000000000000000000000000000000000000005", Description = "no point of secp256k1")]
    public void PublicKey_RefusesOtherEncodings(string hex) => Assert.That(PublicKey.TryDecode(Convert.FromHexString(hex), out _), Is.False);

    [Test]
    public void PublicKey_RefusesAPointThatIsNotOnItsCurve()
    {
        byte[] encoded = VectorFile.Read("peer-ids.json").Single(static vector => vector.Text("name") == "ecdsa").Hex("publicKey");
        encoded[^1] ^= 1;

        Assert.That(PublicKey.TryDecode(encoded, out _), Is.False);
    }

    [TestCase(1024, false)]
    [TestCase(2048, true)]
    public void PublicKey_TakesRsaKeysWithinBounds(int bits, bool expected)
    {
        using RSA rsa = RSA.Create(bits);

        Assert.That(PublicKey.TryDecode(Encode(KeyType.Rsa, rsa.ExportSubjectPublicKeyInfo()), out PublicKey? key), Is.EqualTo(expected));
        if (expected)
            Assert.That(key!.Verify([1, 2, 3], rsa.SignData([1, 2, 3], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)), Is.True);
    }

    [TestCase(3072, new byte[] { 1, 0, 1 }, true)]
    [TestCase(8192, new byte[] { 1, 0, 1 }, true)]
    [TestCase(8200, new byte[] { 1, 0, 1 }, false)]
    [TestCase(2048, new byte[] { 1, 0, 0, 0, 1 }, false)]
    public void PublicKey_RefusesRsaKeysThatAreCostlyToUse(int bits, byte[] exponent, bool expected)
    {
        // Nobody needs to know the factors of a modulus that is only looked at.
        byte[] modulus = new byte[bits / 8];
        new Random(1).NextBytes(modulus);
        modulus[0] |= 0x80;
        modulus[^1] |= 1;
        using RSA rsa = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });

        Assert.That(PublicKey.TryDecode(Encode(KeyType.Rsa, rsa.ExportSubjectPublicKeyInfo()), out _), Is.EqualTo(expected));
    }

    [TestCase("1.2.840.10045.3.1.7")]
    [TestCase("1.3.132.0.34")]
    [TestCase("1.3.132.0.35")]
    public void PublicKey_TakesEcdsaKeysOfTheNamedCurves(string curve)
    {
        using ECDsa ecdsa = ECDsa.Create(ECCurve.CreateFromValue(curve));

        Assert.That(PublicKey.TryDecode(Encode(KeyType.Ecdsa, ecdsa.ExportSubjectPublicKeyInfo()), out PublicKey? key), Is.True);
        Assert.That(key!.Verify([1, 2, 3], ecdsa.SignData([1, 2, 3], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)), Is.True);
    }

    [Test]
    public void PublicKey_TakesSecp256k1KeysOfEitherSign()
    {
        for (int i = 0; i < 8; i++)
        {
            using ECDsa ecdsa = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
            ECPoint point = ecdsa.ExportParameters(includePrivateParameters: false).Q;
            byte[] compressed = [(byte)(2 + (point.Y![^1] & 1)), .. point.X!];

            Assert.That(PublicKey.TryDecode(Encode(KeyType.Secp256k1, compressed), out PublicKey? key), Is.True);
            Assert.That(key!.Verify([1], ecdsa.SignData([1], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)), Is.True);
        }
    }

    [Test]
    public void Decoder_SurvivesForeignBytes()
    {
        byte[][] samples = [.. VectorFile.Read("peer-ids.json").Select(static vector => vector.Hex("publicKey"))];
        byte[] signature = new byte[Ed25519KeyPair.PrivateKeySize];
        Fuzz.Run(samples, input =>
        {
            bool wellFormed = PublicKey.IsWellFormed(input);
            if (!PublicKey.TryDecode(input, out PublicKey? key))
                return;
            Assert.That(wellFormed, Is.True);
            Assert.That(key.Encoded.SequenceEqual(input), Is.True);
            Assert.That(key.Verify([], signature), Is.False);
        });
    }

    private const string Zeros31 = "00000000000000000000000000000000000000000000000000000000000000";
    private const string Zeros32 = Zeros31 + "00";

    private static byte[] Encode(KeyType type, byte[] data) => data.Length < 128
        ? [0x08, (byte)type, 0x12, (byte)data.Length, .. data]
        : [0x08, (byte)type, 0x12, (byte)(data.Length | 0x80), (byte)(data.Length >> 7), .. data];
}

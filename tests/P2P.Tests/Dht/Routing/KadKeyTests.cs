using System.Numerics;
using System.Security.Cryptography;
using P2PMiner.P2P.Dht.Routing;

namespace P2PMiner.P2P.Tests.Dht.Routing;

public sealed class KadKeyTests
{
    [Test]
    public void Key_IsTheSha256OfTheBytes()
    {
        KadKey key = KadKey.Of("abc"u8);

        // FIPS 180-4, example of SHA-256("abc").
        Assert.That(key, Is.EqualTo(KadKey.FromHash(Convert.FromHexString("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))));
    }

    [Test]
    public void DistanceAndPrefix_AgreeWithBigIntegers()
    {
        Random random = new(1);
        byte[] bytes = new byte[64];
        for (int i = 0; i < 1000; i++)
        {
            random.NextBytes(bytes);
            int shared = random.Next(257);
            for (int bit = 0; bit < shared; bit++)
                SetBit(bytes, 256 + bit, GetBit(bytes, bit));
            var left = new BigInteger(bytes.AsSpan(0, 32), isUnsigned: true, isBigEndian: true);
            var right = new BigInteger(bytes.AsSpan(32), isUnsigned: true, isBigEndian: true);
            KadKey a = KadKey.FromHash(bytes), b = KadKey.FromHash(bytes.AsSpan(32));

            Assert.That(a.CommonPrefixLength(b), Is.EqualTo(256 - (int)(left ^ right).GetBitLength()));
            Assert.That(Math.Sign(a.CompareTo(b)), Is.EqualTo(left.CompareTo(right)));
            Assert.That(a.DistanceTo(b), Is.EqualTo(b.DistanceTo(a)));
        }
    }

    [Test]
    public void Distances_ObeyTheTriangle()
    {
        Random random = new(2);
        for (int i = 0; i < 1000; i++)
        {
            KadKey a = Random(random), b = Random(random), c = Random(random);

            // XOR is the sum without carries: d(a, c) = d(a, b) XOR d(b, c).
            Assert.That(a.DistanceTo(c), Is.EqualTo(a.DistanceTo(b).DistanceTo(b.DistanceTo(c))));
        }
    }

    private static KadKey Random(Random random)
    {
        byte[] hash = new byte[SHA256.HashSizeInBytes];
        random.NextBytes(hash);
        return KadKey.FromHash(hash);
    }

    private static bool GetBit(byte[] bytes, int bit) => (bytes[bit / 8] >> (7 - (bit % 8)) & 1) != 0;

    private static void SetBit(byte[] bytes, int bit, bool value)
    {
        int mask = 1 << (7 - (bit % 8));
        bytes[bit / 8] = (byte)(value ? bytes[bit / 8] | mask : bytes[bit / 8] & ~mask);
    }
}

using System.Security.Cryptography;
using System.Text.Json;
using P2PMiner.P2P.PrivateNetwork;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PrivateNetwork;

public sealed class XSalsa20Tests
{
    // D. J. Bernstein, "Cryptography in NaCl", section 7: the key "firstkey" and the nonce of its examples.
    private static readonly byte[] Key = Convert.FromHexString("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
    private static readonly byte[] Nonce = Convert.FromHexString("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");

    [Test]
    public void XSalsa20_MakesThePublishedKeyStream_OfCryptographyInNaCl()
    {
        byte[] stream = new byte[4_194_304];

        new XSalsa20(Key, Nonce).Transform(stream, stream);

        Assert.That(Convert.ToHexStringLower(stream.AsSpan(0, 32)), Is.EqualTo("eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880"));
        Assert.That(
            Convert.ToHexStringLower(SHA256.HashData(stream)), Is.EqualTo("662b9d0e3463029156069b12f918691a98f7dfb2ca0393c96bbfc6b1fbd630a2"));
    }

    [TestCaseSource(typeof(VectorFile), nameof(VectorFile.Cases), new object[] { "private-network.json", "vectors" })]
    public void XSalsa20_EnciphersAsTheConnectionsOfAnotherImplementation(JsonElement vector)
    {
        byte[] data = vector.Hex("plain");

        new XSalsa20(vector.Hex("key"), vector.Hex("nonce")).Transform(data, data);

        Assert.That(Convert.ToHexStringLower(data), Is.EqualTo(vector.Text("cipher")));
    }

    [Test]
    public void XSalsa20_DoesNotDependOnHowTheDataIsCut()
    {
        byte[] whole = new byte[5000];
        new XSalsa20(Key, Nonce).Transform(whole, whole);
        Random random = new(1);

        for (int round = 0; round < 200; round++)
        {
            XSalsa20 cipher = new(Key, Nonce);
            byte[] pieces = new byte[whole.Length];
            for (int done = 0; done < pieces.Length;)
            {
                int size = Math.Min(random.Next(0, round % 2 == 0 ? 8 : 300), pieces.Length - done);
                cipher.Transform(pieces.AsSpan(done, size), pieces.AsSpan(done, size));
                done += size;
            }
            Assert.That(pieces.AsSpan().SequenceEqual(whole), Is.True, $"round {round}");
        }
    }
}

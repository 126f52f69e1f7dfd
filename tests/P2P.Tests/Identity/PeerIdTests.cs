using System.Security.Cryptography;
using System.Text.Json;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Identity;

public sealed class PeerIdTests
{
    [TestCaseSource(typeof(VectorFile), nameof(VectorFile.Cases), new object[] { "peer-ids.json", "vectors" })]
    public void PeerId_OfEachKindOfKeyHasThePublishedTexts(JsonElement vector)
    {
        Assert.That(PublicKey.TryDecode(vector.Hex("publicKey"), out PublicKey? key), Is.True);
        PeerId peer = key!.ToPeerId();

        Assert.That(peer.ToString(), Is.EqualTo(vector.Text("peer")));
        Assert.That(PeerId.Parse(peer.ToCidString()), Is.EqualTo(peer));
        if (vector.TryGetProperty("cid", out JsonElement cid))
            Assert.That(peer.ToCidString(), Is.EqualTo(cid.GetString()));
        Assert.That(PeerId.TryDecode(peer.Bytes, out PeerId? decoded), Is.True);
        Assert.That(decoded, Is.EqualTo(peer));
        Assert.That(decoded!.GetHashCode(), Is.EqualTo(peer.GetHashCode()));
    }

    [TestCaseSource(typeof(VectorFile), nameof(VectorFile.Cases), new object[] { "peer-ids.json", "texts" })]
    public void PeerId_ParsesThePublishedTexts(JsonElement vector) =>
        Assert.That(PeerId.Parse(vector.Text("text")).ToString(), Is.EqualTo(vector.Text("base58")));

    [Test]
    public void PeerId_OfAnEd25519KeyIsItsIdentityMultihashInBase58()
    {
        byte[] key = [.. Enumerable.Range(1, 32).Select(static i => (byte)i)];

        PeerId id = PeerId.FromEd25519(key);

        Assert.That(Convert.ToHexStringLower(id.Bytes), Is.EqualTo("0024" + "08011220" + Convert.ToHexStringLower(key)));
        Assert.That(id.ToString(), Does.StartWith("12D3KooW"));
        Assert.That(() => PeerId.FromEd25519(key.AsSpan(1)), Throws.ArgumentException);
    }

    [TestCase("")]
    [TestCase("1")]
    [TestCase("Q")]
    [TestCase("Qm")]
    [TestCase("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5", Description = "a digit is missing")]
    [TestCase("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N1", Description = "a digit too many")]
    [TestCase("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx50", Description = "0 is no digit of base58")]
    [TestCase("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5S")]
    [TestCase("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqx")]
    [TestCase("bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", Description = "a CID of dag-pb")]
    [TestCase("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xQxe", Description = "upper case within lower case")]
    public void PeerId_RefusesOtherTexts(string text)
    {
        Assert.That(PeerId.TryParse(text, out _), Is.False);
        Assert.That(() => PeerId.Parse(text), Throws.TypeOf<FormatException>());
    }

    [Test]
    public void PeerId_RefusesVeryLongTexts() => Assert.That(PeerId.TryParse(new string('1', 1 << 20), out _), Is.False);

    [TestCase("")]
    [TestCase("0000")]
    [TestCase("1220")]
    [TestCase("122000000000000000000000000000000000000000000000000000000000000000", Description = "31 bytes of hash")]
    [TestCase("112000000000000000000000000000000000000000000000000000000000000000", Description = "SHA-1")]
    [TestCase("00240801122000000000000000000000000000000000000000000000000000000000000000", Description = "a key cut off")]
    [TestCase("00250802122104000000000000000000000000000000000000000000000000000000000000000000", Description = "no compressed point")]
    [TestCase("002608011220000000000000000000000000000000000000000000000000000000000000000000", Description = "another length")]
    [TestCase("00240800122000000000000000000000000000000000000000000000000000000000000000000000", Description = "a tiny RSA key")]
    public void PeerId_RefusesOtherMultihashes(string hex) => Assert.That(PeerId.TryDecode(Convert.FromHexString(hex), out _), Is.False);

    [Test]
    public void PeerId_IsOrderedByItsBytes()
    {
        PeerId[] peers = [.. Enumerable.Range(0, 50).Select(static _ => Ed25519KeyPair.Generate().ToPublicKey().ToPeerId()).Order()];

        for (int i = 1; i < peers.Length; i++)
        {
            Assert.That(peers[i - 1].Bytes.SequenceCompareTo(peers[i].Bytes), Is.Negative);
            Assert.That(peers[i - 1] < peers[i] && peers[i] >= peers[i - 1] && peers[i] != peers[i - 1], Is.True);
        }
    }

    [Test]
    public void PeerId_HasItsPlaceInTheDhtAtTheHashOfItsBytes()
    {
        PeerId peer = Ed25519KeyPair.Generate().ToPublicKey().ToPeerId();

        Assert.That(peer.DhtKey.ToArray(), Is.EqualTo(SHA256.HashData(peer.Bytes)));
    }

    [Test]
    public void Decoder_SurvivesForeignBytes()
    {
        byte[][] samples = [.. VectorFile.Read("peer-ids.json").Select(static vector => PeerId.Parse(vector.Text("peer")).Bytes.ToArray())];
        Fuzz.Run(samples, static input =>
        {
            if (!PeerId.TryDecode(input, out PeerId? peer))
                return;
            Assert.That(peer.Bytes.SequenceEqual(input), Is.True);
            Assert.That(PeerId.Parse(peer.ToString()), Is.EqualTo(peer));
            Assert.That(PeerId.Parse(peer.ToCidString()), Is.EqualTo(peer));
        });
    }

    [Test]
    public void Parser_SurvivesForeignText()
    {
        string[] samples = [.. VectorFile.Read("peer-ids.json", "texts").Select(static vector => vector.Text("text"))];
        Fuzz.RunText(samples, static input =>
        {
            if (PeerId.TryParse(input, out PeerId? peer))
                Assert.That(PeerId.Parse(peer.ToString()), Is.EqualTo(peer));
        });
    }
}

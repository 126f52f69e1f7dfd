using System.Text;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Multiformats;

public sealed class CidTests
{
    // What multiformats 14.0.5 (npm) makes of the three letters "p2p".
    private const string Hash = "1220992b18c0ecb73624b5d8fa802a6f4cec53b048583a5764ed345b72a19d1210ab";
    private const string Version0 = "QmYeZCgZ6s6xYwRWNzjuX6gLsGbVbBNRUArHDHrrWZDMTx";
    private const string Raw = "bafkreiezfmmmb3fxgysllwh2qavg6thmkoyeqwb2k5so2nc3okqz2eqqvm";

    [TestCase(Version0, 0, Cid.DagPbCodec)]
    [TestCase("bafybeiezfmmmb3fxgysllwh2qavg6thmkoyeqwb2k5so2nc3okqz2eqqvm", 1, Cid.DagPbCodec)]
    [TestCase(Raw, 1, Cid.RawCodec)]
    [TestCase("BAFKREIEZFMMMB3FXGYSLLWH2QAVG6THMKOYEQWB2K5SO2NC3OKQZ2EQQVM", 1, Cid.RawCodec)]
    [TestCase("f01551220992b18c0ecb73624b5d8fa802a6f4cec53b048583a5764ed345b72a19d1210ab", 1, Cid.RawCodec)]
    [TestCase("k2cwuecgu3snb8fv9ahem0t8chjt4c9uoah6p8dxi6keblw1rvolrt0r", 1, Cid.RawCodec)]
    [TestCase("zb2rhgxBgjmLiMyW8H4N6WCD14odYJzJfhANweMWxkSGqBXfg", 1, Cid.RawCodec)]
    [TestCase("uAVUSIJkrGMDstzYktdj6gCpvTOxTsEhYOldk7TRbcqGdEhCr", 1, Cid.RawCodec)]
    public void Cid_ReadsTheTextsOfAnotherImplementation(string text, int version, ulong codec)
    {
        Cid cid = Cid.Parse(text);

        Assert.That((cid.Version, cid.Codec), Is.EqualTo((version, codec)));
        Assert.That(cid.Hash, Is.EqualTo(Multihash.Sha256(Encoding.ASCII.GetBytes("p2p"))));
        Assert.That(cid.Hash.ToString(), Is.EqualTo(Hash));
        Assert.That(Cid.Parse(cid.ToString()), Is.EqualTo(cid));
        Assert.That(Cid.TryDecode(cid.ToBytes(), out Cid? decoded), Is.True);
        Assert.That(decoded, Is.EqualTo(cid));
        Assert.That(decoded!.GetHashCode(), Is.EqualTo(cid.GetHashCode()));
    }

    [Test]
    public void Cid_WritesTheTextsOfAnotherImplementation()
    {
        Assert.That(new Cid(Cid.RawCodec, Multihash.Sha256(Encoding.ASCII.GetBytes("p2p"))).ToString(), Is.EqualTo(Raw));
        Assert.That(Cid.Parse(Version0).ToString(), Is.EqualTo(Version0));
        Assert.That(Multihash.TryDecode([0, 3, 1, 2, 3], out Multihash? identity), Is.True);
        Assert.That(new Cid(Cid.RawCodec, identity!).ToString(), Is.EqualTo("bafkqaaybaibq"));
    }

    [TestCase("")]
    [TestCase("b")]
    [TestCase("bafkreiezfmmmb3fxgysllwh2qavg6thmkoyeqwb2k5so2nc3okqz2eqqv", Description = "a digit is missing")]
    [TestCase("bafkreiezfmmmb3fxgysllwh2qavg6thmkoyeqwb2k5so2nc3okqz2eqqvn", Description = "bits that say nothing are set")]
    [TestCase("bafkreiezfmmmb3fxgysllwh2qavg6thmkoyeqwb2k5so2nc3okqz2eqqvmaa", Description = "bytes too many")]
    [TestCase("bafkreiezfmmmb3fxgysllwh2qavg6thmkoyeqwb2k5so2nc3okqz2eqqv=", Description = "padding")]
    [TestCase("f01551220992B18c0ecb73624b5d8fa802a6f4cec53b048583a5764ed345b72a19d1210a", Description = "half a byte")]
    [TestCase("z" + Version0, Description = "version 0 with a letter of a base")]
    [TestCase("yafkreie", Description = "an unknown base")]
    [TestCase("bafkqaaybaib ", Description = "a space")]
    public void Cid_RefusesOtherTexts(string text)
    {
        Assert.That(Cid.TryParse(text, out _), Is.False);
        Assert.That(() => Cid.Parse(text), Throws.TypeOf<FormatException>());
    }

    [TestCase("01", Description = "no codec")]
    [TestCase("0155", Description = "no hash")]
    [TestCase("02551220992b18c0ecb73624b5d8fa802a6f4cec53b048583a5764ed345b72a19d1210ab", Description = "version 2")]
    [TestCase("01d5001220992b18c0ecb73624b5d8fa802a6f4cec53b048583a5764ed345b72a19d1210ab", Description = "a codec of more bytes than it needs")]
    public void Cid_RefusesOtherBytes(string hex) => Assert.That(Cid.TryDecode(Convert.FromHexString(hex), out _), Is.False);

    [TestCase("", false)]
    [TestCase("12", false)]
    [TestCase("1221" + "992b18c0ecb73624b5d8fa802a6f4cec53b048583a5764ed345b72a19d1210abff", false, Description = "33 bytes of SHA-256")]
    [TestCase("1220" + "992b18c0ecb73624b5d8fa802a6f4cec53b048583a5764ed345b72a19d1210", false, Description = "cut off")]
    [TestCase("0000", true, Description = "the identity of nothing")]
    [TestCase("1303010203", true, Description = "a function that is not known here")]
    [TestCase("b2400403010203aa", false, Description = "the length does not fit")]
    public void Multihash_TakesWhatIsWellFormed(string hex, bool expected) =>
        Assert.That(Multihash.TryDecode(Convert.FromHexString(hex), out _), Is.EqualTo(expected));

    [Test]
    public void Multihash_RefusesLongDigests()
    {
        byte[] digest = new byte[Multihash.MaxDigestSize + 1];

        Assert.That(Multihash.TryDecode([0x00, 0x80, 0x01, .. digest.AsSpan(1)], out _), Is.True);
        Assert.That(Multihash.TryDecode([0x00, 0x81, 0x01, .. digest], out _), Is.False);
    }

    [Test]
    public void Decoder_SurvivesForeignBytes()
    {
        Fuzz.Run([Cid.Parse(Version0).ToBytes(), Cid.Parse(Raw).ToBytes(), [1, 0x55, 0, 3, 1, 2, 3]], static input =>
        {
            if (Multihash.TryDecode(input, out Multihash? hash))
                Assert.That(hash.Bytes.SequenceEqual(input), Is.True);
            if (!Cid.TryDecode(input, out Cid? cid))
                return;
            Assert.That(cid.ToBytes(), Is.EqualTo(input));
            Assert.That(Cid.Parse(cid.ToString()), Is.EqualTo(cid));
        });
    }

    [Test]
    public void Parser_SurvivesForeignText()
    {
        string[] samples = [Version0, Raw, Raw.ToUpperInvariant(), "f0155000101", "k2cwuecgu3snb8fv9ahem0t8chjt4c9uoah6p8dxi6keblw1rvolrt0r", "uAVUAAQE"];
        int taken = 0;
        Fuzz.RunText(samples, input =>
        {
            if (!Cid.TryParse(input, out Cid? cid))
                return;
            taken++;
            Assert.That(Cid.Parse(cid.ToString()), Is.EqualTo(cid));
        });
        Assert.That(taken, Is.GreaterThan(50));
    }
}

using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Multiformats;

public sealed class VarintTests
{
    /// <summary>The examples of github.com/multiformats/unsigned-varint, README, and the greatest value that it allows.</summary>
    [TestCase(0ul, "00")]
    [TestCase(1ul, "01")]
    [TestCase(127ul, "7f")]
    [TestCase(128ul, "8001")]
    [TestCase(255ul, "ff01")]
    [TestCase(300ul, "ac02")]
    [TestCase(16384ul, "808001")]
    [TestCase(9223372036854775807ul, "ffffffffffffffff7f")]
    public void Varint_HasThePublishedForm(ulong value, string hex)
    {
        byte[] bytes = new byte[Varint.MaxLength];

        int written = Varint.Write(bytes, value);

        Assert.That(Convert.ToHexStringLower(bytes.AsSpan(0, written)), Is.EqualTo(hex));
        Assert.That(Varint.Length(value), Is.EqualTo(written));
        Assert.That(Varint.Read([.. bytes.AsSpan(0, written), 0xff], out ulong read, out int consumed), Is.EqualTo(VarintStatus.Done));
        Assert.That((read, consumed), Is.EqualTo((value, written)));
        for (int length = 0; length < written; length++)
            Assert.That(Varint.Read(bytes.AsSpan(0, length), out _, out consumed), Is.EqualTo(VarintStatus.Incomplete));
        Assert.That(consumed, Is.Zero);
    }

    [TestCase("8000")]
    [TestCase("ff00")]
    [TestCase("80808000")]
    [TestCase("ffffffffffffffffff")]
    [TestCase("80808080808080808001")]
    public void Varint_RefusesWhatIsNotCanonicalOrTooLong(string hex)
    {
        Assert.That(Varint.Read(Convert.FromHexString(hex), out _, out int consumed), Is.EqualTo(VarintStatus.Invalid));
        Assert.That(consumed, Is.Zero);
    }

    [Test]
    public void Varint_DoesNotWriteWhatDoesNotFit()
    {
        Assert.That(() => Varint.Write(new byte[1], 128), Throws.ArgumentException);
        Assert.That(() => Varint.Write(new byte[10], 1ul << 63), Throws.ArgumentException);
    }

    [Test]
    public void Decoder_SurvivesForeignBytes() => Fuzz.Run([[0x80, 0x01], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]], static input =>
    {
        VarintStatus status = Varint.Read(input, out ulong value, out int consumed);
        if (status != VarintStatus.Done)
            return;
        byte[] again = new byte[Varint.MaxLength];
        Assert.That(again.AsSpan(0, Varint.Write(again, value)).SequenceEqual(input.AsSpan(0, consumed)), Is.True);
    });
}

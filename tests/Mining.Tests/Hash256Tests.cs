namespace P2PMiner.Mining.Tests;

[TestFixture]
internal sealed class Hash256Tests
{
    private const string Text = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    [Test]
    public void Text_IsTheBytesInOrder()
    {
        Hash256 hash = Hash256.Parse(Text.ToUpperInvariant());

        Assert.That(hash.ToArray(), Is.EqualTo(Enumerable.Range(0, 32).Select(i => (byte)i)));
        Assert.That(hash.ToString(), Is.EqualTo(Text));
        Assert.That(new Hash256(hash.ToArray()), Is.EqualTo(hash));
    }

    [Test]
    public void EveryBit_TellsHashesApart()
    {
        Hash256 hash = Hash256.Parse(Text);
        for (int bit = 0; bit < 8 * Hash256.Size; bit++)
        {
            byte[] bytes = hash.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(new Hash256(bytes), Is.Not.EqualTo(hash));
            Assert.That(new Hash256(bytes) != hash, Is.True);
        }
        Assert.That(hash == new Hash256(hash.ToArray()), Is.True);
        Assert.That(hash.GetHashCode(), Is.EqualTo(new Hash256(hash.ToArray()).GetHashCode()));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1")]
    [TestCase("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0")]
    [TestCase("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g")]
    [TestCase("0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")]
    [TestCase("000102030405060708090a0b0c0d0e0f10111213141516171819 a1b1c1d1e1f")]
    public void OtherText_IsRefused(string? text)
    {
        Assert.That(Hash256.TryParse(text, out Hash256 hash), Is.False);
        Assert.That(hash, Is.EqualTo(Hash256.Zero));
        Assert.That(() => Hash256.Parse(text!), Throws.InstanceOf<FormatException>());
    }

    [TestCase(0)]
    [TestCase(31)]
    [TestCase(33)]
    public void OtherLengths_AreRefused(int length) =>
        Assert.That(() => new Hash256(new byte[length]), Throws.ArgumentException);
}

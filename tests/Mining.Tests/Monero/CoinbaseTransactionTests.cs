using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining.Tests.Monero;

[TestFixture]
internal sealed class CoinbaseTransactionTests
{
    private const ulong Height = 3_000_000;

    private static readonly byte[] PublicKey = [0x01, .. Enumerable.Repeat((byte)7, 32)];
    private static readonly byte[] Nonce = [0x02, 4, 1, 2, 3, 4];

    private static PlainCoinbase Good => new(2, Height + 60, Height, [Tagged(600_000_000_000)], [.. PublicKey, .. Nonce]);

    [TestCase(1)]
    [TestCase(2)]
    public void Fields_AreFound(int version)
    {
        byte[] bytes = (Good with { Version = (ulong)version, Outputs = [Tagged(5), new PlainOutput(6, 2, new byte[32])] }).Write();

        Assert.That(CoinbaseTransaction.TryParse(bytes, out CoinbaseTransaction coinbase, out string error), Is.True, error);
        Assert.That(coinbase.Version, Is.EqualTo(version));
        Assert.That(coinbase.Height, Is.EqualTo(Height));
        Assert.That(coinbase.OutputCount, Is.EqualTo(2));
        Assert.That(coinbase.Amount, Is.EqualTo(11));
        Assert.That(bytes.AsSpan(coinbase.NonceOffset, coinbase.NonceSize).ToArray(), Is.EqualTo(Nonce[2..]));
    }

    private static IEnumerable<TestCaseData> Wrong()
    {
        yield return Case("version 0", Good with { Version = 0 }, "version 0");
        yield return Case("version 3", Good with { Version = 3 }, "version 3");
        yield return Case("two inputs", Good with { Inputs = 2 }, "2 inputs");
        yield return Case("spending input", Good with { InputType = 2 }, "input type 0x02");
        yield return Case("unlock too early", Good with { UnlockTime = Height + 59 }, "unlock time");
        yield return Case("height is a time", Good with { Height = 500_000_000, UnlockTime = 500_000_060 }, "height 500000000");
        yield return Case("height wraps", Good with { Height = ulong.MaxValue, UnlockTime = 59 }, "height");
        yield return Case("no output", Good with { Outputs = [] }, "no output");
        yield return Case("script output", Good with { Outputs = [new PlainOutput(1, 0, new byte[32])] }, "output type 0x00");
        yield return Case("sum wraps", Good with { Outputs = [Tagged(ulong.MaxValue), Tagged(1)] }, "exceeds 64 bits");
        yield return Case("signed", Good with { RingCt = 6 }, "RingCT type 6");
        yield return Case("unknown tag", Good with { Extra = [0x77] }, "unknown tag 0x77");
        yield return Case("cut key", Good with { Extra = PublicKey[..^1] }, "needs 32 bytes");
        yield return Case("long nonce", Good with { Extra = [0x02, 0x80, 0x02, .. new byte[256]] }, "nonce of 256 bytes");
        yield return Case("noncanonical length", Good with { Extra = [0x02, 0x84, 0x00, 1, 2, 3, 4] }, "canonical");
        yield return Case("dirty padding", Good with { Extra = [.. PublicKey, 0, 0, 1] }, "padding is not zero");
        yield return Case("endless padding", Good with { Extra = new byte[256] }, "padding exceeds");
        yield return Case("endless keys", Good with { Extra = [0x04, .. Enumerable.Repeat((byte)0xff, 9), 0x01] }, "additional keys");
        yield return Case("endless field", Good with { Extra = [0xde, .. Enumerable.Repeat((byte)0xff, 9), 0x01] }, "needs 1844674407");
        yield return Case(
            "too large", Good with { Outputs = [.. Enumerable.Repeat(Tagged(1), CoinbaseTransaction.MaxSize / 35)] }, "exceeds 65536");

        static TestCaseData Case(string name, PlainCoinbase coinbase, string error) =>
            new TestCaseData(coinbase.Write(), error).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Wrong))]
    public void WrongCoinbase_IsRefusedWithItsReason(byte[] bytes, string expected)
    {
        Assert.That(CoinbaseTransaction.TryParse(bytes, out _, out string error), Is.False);
        Assert.That(error, Does.Contain(expected).And.Contain("at byte"));
    }

    private static IEnumerable<TestCaseData> Extras()
    {
        yield return new TestCaseData(Array.Empty<byte>(), 0).SetArgDisplayNames("none");
        yield return new TestCaseData(PublicKey, 0).SetArgDisplayNames("key only");
        yield return new TestCaseData(new byte[255], 0).SetArgDisplayNames("padding only");
        yield return new TestCaseData((byte[])[.. Nonce, 0x03, 2, 9, 9, 0, 0, 0], 4).SetArgDisplayNames("merge mining and padding");
        yield return new TestCaseData((byte[])[0x04, 2, .. new byte[64], .. Nonce, .. Nonce], 4).SetArgDisplayNames("two nonces");
        yield return new TestCaseData((byte[])[0x02, 0xff, 0x01, .. new byte[255]], 255).SetArgDisplayNames("longest nonce");
        yield return new TestCaseData((byte[])[0xde, 1, 5, 0x02, 0], 0).SetArgDisplayNames("empty nonce");
    }

    [TestCaseSource(nameof(Extras))]
    public void Extra_MayHoldAllKnownFields(byte[] extra, int nonceSize)
    {
        byte[] bytes = (Good with { Extra = extra }).Write();

        Assert.That(CoinbaseTransaction.TryParse(bytes, out CoinbaseTransaction coinbase, out string error), Is.True, error);
        Assert.That(coinbase.NonceSize, Is.EqualTo(nonceSize));
        Assert.That(coinbase.NonceOffset == 0, Is.EqualTo(nonceSize == 0));
    }

    [Test]
    public void EveryPrefix_AndATrailingByte_AreRefused()
    {
        byte[] bytes = Good.Write();
        for (int length = 0; length < bytes.Length; length++)
            Assert.That(CoinbaseTransaction.TryParse(bytes.AsSpan(0, length), out _, out _), Is.False, $"{length} bytes");
        Assert.That(CoinbaseTransaction.TryParse([.. bytes, 0], out _, out string error), Is.False);
        Assert.That(error, Does.Contain("1 bytes follow"));
        Assert.That(() => CoinbaseTransaction.Hash([]), Throws.ArgumentException);
    }

    private static PlainOutput Tagged(ulong amount) => new(amount, 3, new byte[33]);
}

using P2PMiner.P2P.PrivateNetwork;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.PrivateNetwork;

public sealed class PreSharedKeyTests
{
    private const string Digits = "0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210";

    [TestCase("\n")]
    [TestCase("\r\n")]
    [TestCase("\r")]
    public void Key_IsReadWhateverEndsTheLines(string end)
    {
        string[] lines = ["/key/swarm/psk/1.0.0/", "/base16/", Digits];

        Assert.That(Convert.ToHexStringLower(PreSharedKey.Parse(string.Join(end, lines)).Bytes), Is.EqualTo(Digits));
        Assert.That(Convert.ToHexStringLower(PreSharedKey.Parse(string.Join(end, lines).ToUpperInvariant()
            .Replace("/KEY/SWARM/PSK/", "/key/swarm/psk/", StringComparison.Ordinal)
            .Replace("BASE", "base", StringComparison.Ordinal) + end).Bytes), Is.EqualTo(Digits));
    }

    [Test]
    public void Key_IsWrittenAsOthersReadIt()
    {
        PreSharedKey key = PreSharedKey.FromBytes(Convert.FromHexString(Digits));

        Assert.That(key.ToFileText(), Is.EqualTo($"/key/swarm/psk/1.0.0/\n/base16/\n{Digits}\n"));
        Assert.That(key.ToString(), Does.Not.Contain("0123"));
    }

    [TestCase("", "/key/swarm/psk/1.0.0/")]
    [TestCase(Digits, "/key/swarm/psk/1.0.0/")]
    [TestCase("/key/swarm/psk/2.0.0/\n/base16/\n" + Digits, "/key/swarm/psk/1.0.0/")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base64/\n" + Digits, "/base16/")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base16/", "three lines")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base16/\n" + Digits + "\nmore", "three lines")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base16/\n" + Digits + "00", "64 hexadecimal digits")]
    [TestCase("/key/swarm/psk/1.0.0/\n/base16/\nx" + Digits, "64 hexadecimal digits")]
    public void Key_ThatCannotBeReadIsRefusedWithTheReason(string text, string reason) =>
        Assert.That(() => PreSharedKey.Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains(reason).And.Message.Not.Contains("0123"));

    [Test]
    public void Key_IsLoadedFromAFile_AndOtherFilesAreNamed()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        try
        {
            PreSharedKey key = PreSharedKey.Generate();
            File.WriteAllText(path, key.ToFileText());
            Assert.That(PreSharedKey.Load(path).Bytes.SequenceEqual(key.Bytes), Is.True);

            File.WriteAllText(path, key.ToFileText() + new string('\n', 5000));
            Assert.That(() => PreSharedKey.Load(path), Throws.TypeOf<FormatException>().With.Message.Contains(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Key_IsMadeOf32Bytes()
    {
        Assert.That(PreSharedKey.Generate().Bytes.SequenceEqual(PreSharedKey.Generate().Bytes), Is.False);
        Assert.That(() => PreSharedKey.FromBytes(new byte[31]), Throws.ArgumentException);
    }

    [Test]
    public void Parser_SurvivesForeignText() => Fuzz.RunText([$"/key/swarm/psk/1.0.0/\n/base16/\n{Digits}\n"], static input =>
    {
        try
        {
            Assert.That(PreSharedKey.Parse(input).Bytes.Length, Is.EqualTo(PreSharedKey.Size));
        }
        catch (FormatException)
        {
            // Refused as documented.
        }
    });
}

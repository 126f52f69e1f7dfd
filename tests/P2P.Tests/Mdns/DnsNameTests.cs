using P2PMiner.P2P.Mdns;

namespace P2PMiner.P2P.Tests.Mdns;

public sealed class DnsNameTests
{
    /// <summary>RFC 1035 §4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92.</summary>
    private static readonly byte[] Rfc1035Example = BuildRfc1035Example();

    [TestCase(20, "F.ISI.ARPA", 32)]
    [TestCase(40, "FOO.F.ISI.ARPA", 46)]
    [TestCase(64, "ARPA", 66)]
    [TestCase(92, "", 93)]
    public void TryRead_FollowsPointers_Rfc1035(int offset, string expected, int end)
    {
        Assert.That(DnsName.TryRead(Rfc1035Example, ref offset, out string? name), Is.True);
        Assert.That((name, offset), Is.EqualTo((expected, end)));
    }

    [TestCase("C000", 0, TestName = "TryRead_RefusesAPointerToItself")]
    [TestCase("C002C000", 0, TestName = "TryRead_RefusesAPointerForwards")]
    [TestCase("0161C000", 0, TestName = "TryRead_RefusesAPointerIntoItsOwnLabels")]
    [TestCase("0161C0040162C000", 4, TestName = "TryRead_RefusesAnEndlessPair")]
    [TestCase("C0", 0, TestName = "TryRead_RefusesHalfAPointer")]
    [TestCase("0361", 0, TestName = "TryRead_RefusesACutLabel")]
    [TestCase("0161", 0, TestName = "TryRead_RefusesANameWithoutEnd")]
    [TestCase("400000", 0, TestName = "TryRead_RefusesReservedLengths")]
    [TestCase("", 0, TestName = "TryRead_RefusesNothing")]
    public void TryRead_Refuses(string hex, int offset) =>
        Assert.That(DnsName.TryRead(Convert.FromHexString(hex), ref offset, out _), Is.False);

    [Test]
    public void TryRead_TakesTheLongestNameAndNoLonger()
    {
        byte[] longest = [.. Labels(63, 63, 63, 61), 0];
        byte[] longer = [.. Labels(63, 63, 63, 62), 0];
        int offset = 0;
        Assert.That(DnsName.TryRead(longest, ref offset, out _), Is.True);
        Assert.That(offset, Is.EqualTo(DnsName.MaxSize));
        offset = 0;
        Assert.That(DnsName.TryRead(longer, ref offset, out _), Is.False);
    }

    [Test]
    public void TryRead_BoundsANameThatGrowsByPointers()
    {
        // 63 bytes of label, each followed by a pointer to the one before.
        List<byte> message = [.. Labels(63), 0];
        for (int start = 0; message.Count < 400; start = message.Count - 66)
            message.AddRange([.. Labels(63), 0xC0, (byte)start]);
        int offset = message.Count - 66;
        Assert.That(DnsName.TryRead(message.ToArray(), ref offset, out _), Is.False);
    }

    [Test]
    public void TryRead_EscapesDotsInsideLabels()
    {
        int offset = 0;
        Assert.That(DnsName.TryRead([4, (byte)'a', (byte)'.', (byte)'b', (byte)'\\', 0], ref offset, out string? name), Is.True);
        Assert.That(name, Is.EqualTo(@"a\.b\\"));
    }

    [Test]
    public void Write_RoundTrips()
    {
        byte[] buffer = new byte[64];
        int size = DnsName.Write(buffer, "_p2p._udp.local");
        Assert.That(Convert.ToHexStringLower(buffer.AsSpan(0, size)), Is.EqualTo("045f703270045f756470056c6f63616c00"));
        int offset = 0;
        Assert.That(DnsName.TryRead(buffer.AsSpan(0, size), ref offset, out string? name), Is.True);
        Assert.That((name, offset), Is.EqualTo(("_p2p._udp.local", size)));
    }

    [Test]
    public void Write_LeavesAFullBufferAlone() => Assert.That(DnsName.Write(new byte[16], "_p2p._udp.local"), Is.Zero);

    [TestCase("")]
    [TestCase("a..b")]
    [TestCase("a.")]
    [TestCase(".a")]
    [TestCase("ä.local")]
    [TestCase("a b")]
    [TestCase(@"a\b")]
    public void Write_RefusesWhatIsNoName(string name) =>
        Assert.That(() => DnsName.Write(new byte[300], name), Throws.ArgumentException);

    [Test]
    public void Write_RefusesLabelsOver63() =>
        Assert.That(() => DnsName.Write(new byte[300], new string('a', 64)), Throws.ArgumentException);

    private static IEnumerable<byte> Labels(params int[] lengths) =>
        lengths.SelectMany(length => Enumerable.Repeat((byte)'a', length).Prepend((byte)length));

    private static byte[] BuildRfc1035Example()
    {
        byte[] message = new byte[93];
        "\u0001F\u0003ISI\u0004ARPA\0"u8.CopyTo(message.AsSpan(20));
        "\u0003FOO"u8.CopyTo(message.AsSpan(40));
        (message[44], message[45]) = (0xC0, 20);
        (message[64], message[65]) = (0xC0, 26);
        return message;
    }
}

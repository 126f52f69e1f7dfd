using System.Text;
using P2PMiner.Interop.Tests.Raw;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>Peers that break multistream-select before anything is secured.</summary>
internal sealed class NegotiationAttackTests : HostileTests
{
    private static readonly byte[] Header = RawSocket.Line(RawSocket.Multistream);

    private static IEnumerable<TestCaseData> Openings()
    {
        yield return Case("an HTTP request", Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        yield return Case("a TLS hello", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]);
        yield return Case("zeros", new byte[4096]);
        yield return Case("ones", [.. Enumerable.Repeat((byte)0xff, 4096)]);
        yield return Case("random bytes", RandomBytes(4096));
        yield return Case("a first line that is not the header", RawSocket.Line("/noise"));
        yield return Case("the header of another version", RawSocket.Line("/multistream/2.0.0"));
        yield return Case("a line without newline", [.. RawSocket.Varint(18), .. "/multistream/1.0.0"u8]);
        yield return Case("an empty line", [0]);
        yield return Case("a line of 1025 bytes", [.. Header, .. RawSocket.Line(new string('a', 1024))]);
        yield return Case("a length of 4 GiB", [0xff, 0xff, 0xff, 0xff, 0x0f, .. new byte[64]]);
        yield return Case("a length that never ends", [.. Enumerable.Repeat((byte)0x80, 64)]);
        yield return Case("a length that is not minimal", [0x93, 0x80, 0x00, .. Header[1..]]);
        yield return Case("a line that is not UTF-8", [.. Header, 0x04, 0xff, 0xfe, 0xfd, 0x0a]);

        static TestCaseData Case(string name, byte[] bytes) => new TestCaseData(bytes).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Openings))]
    public async Task Opening_ThatIsNotMultistream_IsCutOff(byte[] bytes)
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);

        await socket.SendAsync(bytes);

        await socket.UntilClosedAsync();
    }

    [Test]
    public async Task UnknownSecurity_IsRefusedByNa_AndNoiseMayStillFollow()
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);
        await socket.SendAsync((byte[])[.. Header, .. RawSocket.Line("/tls/1.0.0")]);

        Assert.That(await socket.ReadLineAsync(), Is.EqualTo(RawSocket.Multistream));
        Assert.That(await socket.ReadLineAsync(), Is.EqualTo("na"));
        await socket.SendLineAsync("/noise");
        Assert.That(await socket.ReadLineAsync(), Is.EqualTo("/noise"));
    }

    [Test]
    public async Task ProposalsWithoutEnd_AreCutOff()
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);
        await socket.SendAsync(Header);
        byte[] many = [.. Enumerable.Range(0, 1000).SelectMany(i => RawSocket.Line($"/nothing/{i}"))];
        Task closed = socket.UntilClosedAsync();
        while (!closed.IsCompleted)
            await socket.SendAsync(many);

        await closed;
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(15)]
    public async Task Silence_IsCutOff(int sent)
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);

        await socket.SendAsync(Header.AsMemory(0, sent));

        await socket.UntilClosedAsync();
    }

    [Test]
    public async Task OneByteEveryHalfSecond_IsCutOff()
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(Target);
        Task closed = socket.UntilClosedAsync();
        for (int i = 0; i < Header.Length && !closed.IsCompleted; i++)
        {
            await socket.SendAsync(Header.AsMemory(i, 1));
            await Task.Delay(500);
        }

        await closed;
    }

    [Test]
    public async Task CloseAfterEachByte_HarmsNobody()
    {
        for (int sent = 0; sent < Header.Length; sent++)
        {
            await using RawSocket socket = await RawSocket.ConnectAsync(Target);
            await socket.SendAsync(Header.AsMemory(0, sent));
        }
    }

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}

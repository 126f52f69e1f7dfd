using System.Text;
using P2PMiner.P2P.Negotiation;
using P2PMiner.P2P.Streams;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Negotiation;

/// <summary>Remotes that do not follow multistream-select, by mistake or by design.</summary>
public sealed class MultistreamHostileTests
{
    private const string Header = "\u0013/multistream/1.0.0\n";

    [TestCase("", Description = "nothing")]
    [TestCase("\u0013/multistream/1.0", Description = "cut off within the header")]
    [TestCase(Header, Description = "no proposal")]
    [TestCase(Header + "\u0003/", Description = "cut off within the proposal")]
    public void Listener_SeesTheEndOfAStream(string text) => Assert.That(async () => await ListenAsync(text), Throws.TypeOf<EndOfStreamException>());

    [TestCase("\u0014/multistream/2.0.0\nx", Description = "another version")]
    [TestCase("\u0003/a\n", Description = "no header")]
    [TestCase("\u0013/multistream/1.0.0 ", Description = "no newline")]
    [TestCase("\0", Description = "an empty message")]
    [TestCase("GET / HTTP/1.1\r\nHost: node.example\r\nUser-Agent: somebody/1.0 who took the wrong port\r\n\r\n", Description = "another protocol")]
    [TestCase(Header + "\0", Description = "an empty proposal")]
    [TestCase(Header + "\u0003/ab", Description = "a proposal without newline")]
    public void Listener_RefusesWhatIsNotTheProtocol(string text) => Assert.That(async () => await ListenAsync(text), Throws.TypeOf<ProtocolException>());

    [TestCase("8108", Description = "1025 bytes")]
    [TestCase("808001", Description = "a length of three bytes")]
    [TestCase("8100", Description = "more bytes of length than needed")]
    [TestCase("03ff2f0a", Description = "no UTF-8")]
    public void Listener_RefusesMalformedMessages(string hex)
    {
        string text = Encoding.Latin1.GetString(Convert.FromHexString(hex));

        Assert.That(async () => await ListenAsync(text), Throws.TypeOf<ProtocolException>());
        Assert.That(async () => await ListenAsync(Header + text), Throws.TypeOf<ProtocolException>());
    }

    [Test]
    public async Task Listener_TakesTheLongestProposal()
    {
        string longest = new('/', MultistreamMessage.MaxLength - 1);

        Assert.That(await ListenAsync($"{Header}\u0080\u0008{longest}\n"), Is.EqualTo(longest));
    }

    [Test]
    public async Task Listener_GivesUpAfterTooManyProposals()
    {
        (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();
        StringBuilder proposals = new(Header);
        for (int i = 0; i <= MultistreamSelect.MaxProposals; i++)
            proposals.Append("\u0003/x\n");
        await dialer.WriteAsync(Encoding.Latin1.GetBytes(proposals.ToString()));

        Assert.That(
            async () => await MultistreamSelect.HandleAsync(listener, static _ => false, null, default).InTime(),
            Throws.TypeOf<ProtocolException>());
    }

    [TestCase("\u0003/b\n", Description = "another protocol than the one proposed")]
    [TestCase("\u0003ls\n")]
    [TestCase("\u0001\n")]
    public void Dialer_RefusesAnAnswerToSomethingElse(string answer) =>
        Assert.That(async () => await DialAsync(Header + answer), Throws.TypeOf<ProtocolException>());

    [Test]
    public void Dialer_ShowsNothingOfARemoteThatCouldSpoilALog()
    {
        string nasty = "\u001b[2J" + new string('x', 500);
        byte[] answer = [.. Encoding.ASCII.GetBytes(Header), 0xf9, 0x03, .. Encoding.ASCII.GetBytes(nasty), (byte)'\n'];

        Assert.That(
            async () => await DialAsync(Encoding.Latin1.GetString(answer)),
            Throws.TypeOf<ProtocolException>().With.Message.Contains("'?[2Jx").And.Message.Length.LessThan(150));
    }

    [Test]
    public void Dialer_RefusesToProposeWhatNobodyWouldTake() => Assert.That(
        async () => await MultistreamSelect.SelectAsync(new MemoryStream(), [new string('/', MultistreamMessage.MaxLength)], default),
        Throws.ArgumentException);

    /// <summary>The bytes come in two pieces, cut at every place: what is agreed on, and what is left to read, does not depend on it.</summary>
    [Test]
    public async Task Listener_DoesNotDependOnHowTheBytesAreCut()
    {
        byte[] bytes = [.. Encoding.Latin1.GetBytes($"{Header}\u0003/x\n\u0082\u0001/{new string('b', 128)}\n"), 1, 2, 3];
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();
            await dialer.WriteAsync(bytes.AsMemory(0, cut));
            Task<string> handled = MultistreamSelect.HandleAsync(listener, static id => id.StartsWith("/b", StringComparison.Ordinal), null, default).InTime();
            await dialer.WriteAsync(bytes.AsMemory(cut));

            Assert.That(await handled, Has.Length.EqualTo(129), $"cut at {cut}");
            byte[] rest = new byte[3];
            await listener.ReadExactlyAsync(rest).InTime();
            Assert.That(rest, Is.EqualTo(new byte[] { 1, 2, 3 }), $"cut at {cut}");
        }
    }

    [Test]
    public async Task Dialer_DoesNotDependOnHowTheBytesAreCut()
    {
        byte[] bytes = [.. Encoding.Latin1.GetBytes(Header + "\u0003na\n\u0003/b\n"), 1, 2, 3];
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            (MemoryDuplex dialer, MemoryDuplex listener) = MemoryDuplex.CreatePair();
            await listener.WriteAsync(bytes.AsMemory(0, cut));
            Task<string> selected = MultistreamSelect.SelectAsync(dialer, ["/a", "/b"], default).InTime();
            await listener.WriteAsync(bytes.AsMemory(cut));

            Assert.That(await selected, Is.EqualTo("/b"), $"cut at {cut}");
            byte[] rest = new byte[3];
            await dialer.ReadExactlyAsync(rest).InTime();
            Assert.That(rest, Is.EqualTo(new byte[] { 1, 2, 3 }), $"cut at {cut}");
        }
    }

    [Test]
    public void Listener_SurvivesForeignBytes() => Fuzz.Run(
        [Encoding.Latin1.GetBytes(Header + "\u0003/x\n\u0003ls\n\u0003/a\n"), Encoding.Latin1.GetBytes(Header + "\u0003/a\n")],
        static input => Expect(static text => ListenAsync(text), input));

    [Test]
    public void Dialer_SurvivesForeignBytes() => Fuzz.Run(
        [Encoding.Latin1.GetBytes(Header + "\u0003na\n\u0003/b\n"), Encoding.Latin1.GetBytes(Header + "\u0003/a\n")],
        static input => Expect(static text => DialAsync(text), input));

    private static void Expect(Func<string, Task<string>> negotiate, byte[] input)
    {
        try
        {
            Assert.That(negotiate(Encoding.Latin1.GetString(input)).GetAwaiter().GetResult(), Is.Not.Null);
        }
        catch (IOException)
        {
            // Refused in one of the documented ways.
        }
    }

    /// <summary>Hears a remote that says all of this, whatever it is answered, and then closes.</summary>
    private static async Task<string> ListenAsync(string text)
    {
        (MemoryDuplex remote, MemoryDuplex local) = MemoryDuplex.CreatePair();
        await remote.WriteAsync(Encoding.Latin1.GetBytes(text));
        remote.CompleteWriting();
        return await MultistreamSelect.HandleAsync(local, static id => id != "/x", static () => ["/a"], default).InTime();
    }

    private static async Task<string> DialAsync(string text)
    {
        (MemoryDuplex remote, MemoryDuplex local) = MemoryDuplex.CreatePair();
        await remote.WriteAsync(Encoding.Latin1.GetBytes(text));
        remote.CompleteWriting();
        return await MultistreamSelect.SelectAsync(local, ["/a", "/b"], default).InTime();
    }
}

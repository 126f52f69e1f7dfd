using System.Text;
using P2PMiner.P2P.Mdns;
using P2PMiner.P2P.Tests.Support;

namespace P2PMiner.P2P.Tests.Mdns;

public sealed class DnsMessageTests
{
    private const string Service = "_p2p._udp.local";
    private const string Name = "abcdefghijklmnopqrstuvwxyz012345." + Service;
    private const string Id = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

    [Test]
    public void TryDecode_ReadsAQuery_DnsPacket()
    {
        DnsMessage message = Decode(Vector("query"));
        Assert.That(message.IsResponse, Is.False);
        Assert.That(message.Questions, Is.EqualTo(new[] { new DnsQuestion(Service, DnsType.Ptr) }));
    }

    [Test]
    public void Encoder_WritesTheQuery_DnsPacket()
    {
        byte[] buffer = new byte[512];
        var encoder = new DnsEncoder(buffer, isResponse: false);
        Assert.That(encoder.TryAddQuestion(Service, DnsType.Ptr), Is.True);
        Assert.That(buffer[..encoder.Size], Is.EqualTo(Vector("query")));
    }

    [Test]
    public void TryDecode_ReadsAnAnswer_DnsPacket()
    {
        DnsMessage message = Decode(Vector("answer"));
        Assert.That(message.IsResponse, Is.True);
        Assert.That(message.Answers.Select(Describe), Is.EqualTo(new[]
        {
            $"{Service} Ptr 120 {Name}",
            $"{Name} Txt 120 dnsaddr=/ip4/127.0.0.1/tcp/4001/p2p/{Id}",
            $"{Name} Txt 120 dnsaddr=/ip4/192.168.1.7/tcp/4001/p2p/{Id}",
        }));
    }

    [Test]
    public void Encoder_WritesTheAnswer_DnsPacket()
    {
        byte[] buffer = new byte[1024];
        var encoder = new DnsEncoder(buffer, isResponse: true);
        encoder.TryAddPtrAnswer(Service, Name, 120);
        encoder.TryAddTxt(Name, Encoding.ASCII.GetBytes($"dnsaddr=/ip4/127.0.0.1/tcp/4001/p2p/{Id}"), 120, additional: false);
        encoder.TryAddTxt(Name, Encoding.ASCII.GetBytes($"dnsaddr=/ip4/192.168.1.7/tcp/4001/p2p/{Id}"), 120, additional: false);
        Assert.That(buffer[..encoder.Size], Is.EqualTo(Vector("answer")));
    }

    [Test]
    public void TryDecode_PassesOverOtherTypesAndTheUpperBitOfClasses_DnsPacket()
    {
        DnsMessage message = Decode(Vector("mixed"));
        Assert.That(message.Answers.Select(record => record.Type), Is.EqualTo(new[] { DnsType.Ptr }));
        Assert.That(
            message.Additionals.Select(record => record.Type),
            Is.EqualTo(new[] { DnsType.Srv, DnsType.A, DnsType.Aaaa, DnsType.Txt }));
        Assert.That(Describe(message.Additionals[^1]), Is.EqualTo($"{Name} Txt 100 dnsaddr=/ip4/192.168.1.7/tcp/4001/p2p/{Id}|x=y|"));
    }

    [TestCase("query")]
    [TestCase("answer")]
    [TestCase("mixed")]
    public void TryDecode_RefusesEveryCutMessage(string vector)
    {
        byte[] message = Vector(vector);
        for (int size = 0; size < message.Length; size++)
            Assert.That(DnsDecoder.TryDecode(message.AsSpan(0, size), out _), Is.False, $"{size} bytes");
    }

    [Test]
    public void TryDecode_RefusesMoreEntriesThanItReads()
    {
        Assert.That(DnsDecoder.TryDecode(RootQuestions(DnsDecoder.MaxEntries), out _), Is.True);
        Assert.That(DnsDecoder.TryDecode(RootQuestions(DnsDecoder.MaxEntries + 1), out _), Is.False);
    }

    [Test]
    public void TryDecode_RefusesWhatIsTooLong() =>
        Assert.That(DnsDecoder.TryDecode(new byte[DnsMessage.MaxSize + 1], out _), Is.False);

    [Test]
    public void TryDecode_RefusesOtherOperationsAndErrors([Values(0x0800, 0x7800, 0x0001, 0x000F)] int flags)
    {
        byte[] message = Vector("answer");
        message[2] |= (byte)(flags >> 8);
        message[3] |= (byte)flags;
        Assert.That(DnsDecoder.TryDecode(message, out _), Is.False);
    }

    [Test]
    public void TryDecode_SurvivesAnything()
    {
        byte[][] samples = [Vector("query"), Vector("answer"), Vector("mixed")];
        // Each entry may hold a name of 255 letters, some of them escaped, and one as its target.
        const long bound = 4096 + (DnsDecoder.MaxEntries * 6L * 1024);
        Fuzz.Run(samples, input =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            DnsDecoder.TryDecode(input, out DnsMessage? message);
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(bound));
            if (message is not null)
                MdnsReader.Read(message, Service, _ => true);
        });
    }

    private static DnsMessage Decode(byte[] message)
    {
        Assert.That(DnsDecoder.TryDecode(message, out DnsMessage? decoded), Is.True);
        return decoded!;
    }

    private static byte[] Vector(string name) => Convert.FromHexString(
        VectorFile.Read("mdns.json").Single(vector => vector.GetProperty("name").GetString() == name).GetProperty("hex").GetString()!);

    private static byte[] RootQuestions(int count)
    {
        byte[] message = new byte[DnsMessage.HeaderSize + (count * 5)];
        message[5] = (byte)count;
        return message;
    }

    private static string Describe(DnsRecord record) =>
        $"{record.Name} {record.Type} {record.Ttl} {record.Target}{string.Join('|', record.Texts?.Select(Encoding.ASCII.GetString) ?? [])}";
}

using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Membership;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Configuration;
using P2PMiner.Node.Tests.ShareChain;

namespace P2PMiner.Node.Tests.Cluster;

[TestFixture]
internal sealed class HeartbeatCodecTests
{
    private static readonly Hash256 Key = new(Enumerable.Repeat((byte)3, Hash256.Size).ToArray());

    public static MemberStatus Sample => new()
    {
        Run = 1,
        Sequence = 2,
        Version = "1.2.3",
        Mode = NodeMode.Master,
        IsWorker = true,
        IsDatasetHost = true,
        Hashrate = 1234.5,
        Threads = 8,
        Memory = MemoryMode.Hybrid,
        Cpus = 16,
        MemoryTotal = 1UL << 35,
        MemoryAvailable = 1UL << 34,
        Tip = new ChainTip(42, Key, UInt128.MaxValue / 3),
        DatasetKeys = [Key, Hash256.Zero],
        KnownKeys = [Key],
        HasDaemon = true,
        Name = "küche-2 <b>",
        Neighbours = [new PeerTail(1), new PeerTail(ulong.MaxValue)],
    };

    [Test]
    public void Heartbeat_ReadsWhatWasWritten()
    {
        byte[] bytes = HeartbeatCodec.Encode(Sample);
        Assert.That(HeartbeatCodec.TryDecode(bytes, out MemberStatus? read), Is.True);
        IReadOnlyList<Hash256> none = [];
        IReadOnlyList<PeerTail> nobody = [];
        Assert.That(
            read! with { DatasetKeys = none, KnownKeys = none, Neighbours = nobody },
            Is.EqualTo(Sample with { DatasetKeys = none, KnownKeys = none, Neighbours = nobody }));
        Assert.That(read.Neighbours, Is.EqualTo(Sample.Neighbours));
        Assert.That(read.DatasetKeys, Is.EqualTo(Sample.DatasetKeys));
        Assert.That(read.KnownKeys, Is.EqualTo(Sample.KnownKeys));
        Assert.That(read.Tip, Is.EqualTo(Sample.Tip));
    }

    [TestCase(MemoryMode.Full)]
    [TestCase(MemoryMode.Light)]
    public void Heartbeat_SaysWhatThreadsHashWith(MemoryMode memory)
    {
        Assert.That(HeartbeatCodec.TryDecode(HeartbeatCodec.Encode(Sample with { Memory = memory }), out MemberStatus? read), Is.True);
        Assert.That(read!.Memory, Is.EqualTo(memory));
    }

    [Test]
    public void Heartbeat_BeyondItsBounds_IsNone()
    {
        Assert.That(Decodes(heartbeat => heartbeat.Hashrate = double.NaN), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Hashrate = -1), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Hashrate = double.PositiveInfinity), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Version = "\e[2J"), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Version = ""), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Version = new string('x', 33)), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Mode = (Mode)3), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Name = ""), Is.True);
        Assert.That(Decodes(heartbeat => heartbeat.Name = new string('x', 33)), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Name = "a\nb"), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Name = "abc\u202eexe"), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Neighbours = Google.Protobuf.ByteString.CopyFrom(new byte[9])), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Neighbours = Google.Protobuf.ByteString.CopyFrom(new byte[33 * 8])), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Threads = uint.MaxValue), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Tip = null), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Tip.Work = Google.Protobuf.ByteString.CopyFrom(new byte[17])), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.DatasetKeys.Add([.. heartbeat.DatasetKeys])), Is.True);
        Assert.That(Decodes(heartbeat => heartbeat.DatasetKeys.Add(Google.Protobuf.ByteString.CopyFrom(new byte[31]))), Is.False);
        Assert.That(Decodes(heartbeat => heartbeat.Capability = null), Is.True);
        Assert.That(Decodes(_ => { }), Is.True);
    }

    [Test]
    public void Heartbeat_Damaged_IsReadWithinItsBoundsOrNotAtAll()
    {
        byte[] original = HeartbeatCodec.Encode(Sample);
        Random random = new(20261121);
        for (int i = 0; i < 5000; i++)
        {
            byte[] bytes = i % 4 == 0 ? RandomBytes(random) : Mutation.Of(original, random);
            if (!HeartbeatCodec.TryDecode(bytes, out MemberStatus? status))
                continue;
            Assert.That(status.Hashrate, Is.InRange(0, 1e9));
            Assert.That(status.Version.Any(char.IsControl), Is.False);
            Assert.That(status.DatasetKeys, Has.Count.LessThanOrEqualTo(HeartbeatCodec.MaxDatasetKeys));
            Assert.That(HeartbeatCodec.Encode(status), Has.Length.LessThanOrEqualTo(HeartbeatCodec.MaxSize));
        }
    }

    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(300)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static bool Decodes(Action<Heartbeat> change)
    {
        Heartbeat heartbeat = Heartbeat.Parser.ParseFrom(HeartbeatCodec.Encode(Sample));
        change(heartbeat);
        return HeartbeatCodec.TryDecode(Google.Protobuf.MessageExtensions.ToByteArray(heartbeat), out _);
    }
}

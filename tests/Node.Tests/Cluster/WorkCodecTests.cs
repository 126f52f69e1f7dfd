using Google.Protobuf;
using P2PMiner.Mining;
using P2PMiner.Node.Cluster.Jobs;
using P2PMiner.Node.Cluster.Proto;
using P2PMiner.Node.Sources.Monero;
using P2PMiner.Node.Tests.Sources.Monero;
using P2PMiner.P2P.Identity;
using Mutation = P2PMiner.Node.Tests.ShareChain.Mutation;

namespace P2PMiner.Node.Tests.Cluster;

internal sealed class WorkCodecTests
{
    private static readonly Hash256 Key = Hash256.Parse(new string('a', 64));
    private static readonly Hash256 Parent = Hash256.Parse(new string('b', 64));
    private static readonly PeerId Publisher = PeerId.FromEd25519(new byte[32]);

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(6)]
    [TestCase(5000)]
    public void Job_TravelsWhole(int transactions)
    {
        DaemonTemplate sent = SampleTemplate.Read(2100, Parent, Key, (UInt128.One << 70) + 5, transactions);
        Assert.That(WorkCodec.TryDecode(WorkCodec.Encode(sent), out object? content), Is.True);
        JobReading reading = JobRules.Read((DaemonTemplate)content!, Publisher);
        Assert.That(reading.Error, Is.Empty);
        DaemonJob job = reading.Job!;
        DaemonJob own = SampleTemplate.Job(sent);
        Assert.That((job.Height, job.Key, job.NetworkDifficulty, job.Publisher), Is.EqualTo((own.Height, own.Key, own.NetworkDifficulty, Publisher)));
        Assert.That(job.Raw.IsSameAs(sent), Is.True);
        Assert.That((job.Raw.SeedHeight, job.Raw.PreviousId), Is.EqualTo((sent.SeedHeight, sent.PreviousId)));
        Assert.That(job.BuildBlock(7, 8, DateTimeOffset.UnixEpoch).Blob, Is.EqualTo(own.BuildBlock(7, 8, DateTimeOffset.UnixEpoch).Blob));
    }

    [Test]
    public void Job_BeyondTheLargestMessage_StaysAtHome()
    {
        Assert.That(WorkCodec.Encode(SampleTemplate.Read(2100, Parent, Key, 1000, transactions: 7600))!, Has.Length.LessThanOrEqualTo(WorkCodec.MaxSize));
        Assert.That(WorkCodec.Encode(SampleTemplate.Read(2100, Parent, Key, 1000, transactions: 7800)), Is.Null);
    }

    [Test]
    public void Job_ThatIsForged_IsFoundOut()
    {
        DaemonTemplate honest = SampleTemplate.Read(2200, Parent, Key, 1000, transactions: 3);
        byte[] otherTransaction = [.. honest.Blob];
        otherTransaction[^1] ^= 1;
        byte[] otherCoinbase = [.. honest.Blob];
        otherCoinbase[honest.ReservedOffset - 40] ^= 1;
        DaemonTemplate[] forged =
        [
            honest with { Blob = otherTransaction },
            honest with { Blob = otherCoinbase },
            honest with { HashingBlob = SampleTemplate.Read(2101, Parent, Key, 1000, transactions: 3).HashingBlob },
            honest with { Blob = honest.Blob[..^1] },
            honest with { Difficulty = 0 },
            honest with { Difficulty = JobRules.MaxDifficulty + 1 },
            honest with { NextSeedHash = Parent },
            SampleTemplate.Read(2200, Parent, Key, 1000, majorVersion: 11),
        ];
        foreach (DaemonTemplate template in forged)
        {
            JobReading reading = JobRules.Read(template, Publisher);
            Assert.That((reading.Job, reading.IsForged), Is.EqualTo(((DaemonJob?)null, true)));
            Assert.That(reading.Error, Is.Not.Empty);
        }
        JobReading newer = JobRules.Read(SampleTemplate.Read(2200, Parent, Key, 1000, majorVersion: 17), Publisher);
        Assert.That((newer.Job, newer.IsForged), Is.EqualTo(((DaemonJob?)null, false)));
        Assert.That(JobRules.Read(SampleTemplate.Read(2100, Parent, Key, 1000) with { NextSeedHash = Parent }, Publisher).Job, Is.Not.Null);
    }

    [Test]
    public void BlockAndFate_TravelAsTheyAre()
    {
        TravellingBlock block = new([1, 2, 3], Key);
        Assert.That(WorkCodec.TryDecode(WorkCodec.Encode(block), out object? content), Is.True);
        Assert.That(((TravellingBlock)content!).Blob, Is.EqualTo(block.Blob));
        Assert.That(((TravellingBlock)content).Key, Is.EqualTo(Key));
        BlockFate fate = new(Parent, true, "because");
        Assert.That(WorkCodec.TryDecode(WorkCodec.Encode(fate), out content), Is.True);
        Assert.That(content, Is.EqualTo(fate));
        BlockFate rude = new(Parent, false, "\e[2J" + new string('x', 1000));
        Assert.That(WorkCodec.TryDecode(WorkCodec.Encode(rude), out content), Is.True);
        Assert.That(((BlockFate)content!).Reason, Is.EqualTo("[2J" + new string('x', WorkCodec.MaxReasonLength - 3)));
        Assert.That(WorkCodec.Encode(new TravellingBlock(new byte[WorkCodec.MaxBlockSize + 1], Key)), Is.Null);
    }

    [Test]
    public void Message_BeyondItsBounds_IsNone()
    {
        Assert.That(Decodes(_ => { }), Is.True);
        Assert.That(Decodes(job => job.Key = ByteString.CopyFrom(new byte[31])), Is.False);
        Assert.That(Decodes(job => job.NextKey = ByteString.CopyFrom(new byte[33])), Is.False);
        Assert.That(Decodes(job => job.Difficulty = ByteString.CopyFrom(new byte[17])), Is.False);
        Assert.That(Decodes(job => job.Difficulty = ByteString.Empty), Is.False);
        Assert.That(Decodes(job => job.HashingBlob = ByteString.CopyFrom(new byte[200])), Is.False);
        Assert.That(Decodes(job => job.Template = ByteString.Empty), Is.False);
        Assert.That(WorkCodec.TryDecode([], out _), Is.False);
        Assert.That(WorkCodec.TryDecode(new byte[WorkCodec.MaxSize + 1], out _), Is.False);
        Assert.That(WorkCodec.TryDecode(new WorkMessage { Fate = new FateMessage { Id = ByteString.CopyFrom(new byte[32]), Reason = "\n" } }.ToByteArray(), out _), Is.False);
    }

    [Test]
    public void Message_Damaged_IsReadWithinItsBoundsOrNotAtAll()
    {
        byte[][] originals =
        [
            WorkCodec.Encode(SampleTemplate.Read(2100, Parent, Key, 1000, transactions: 2))!,
            WorkCodec.Encode(SampleTemplate.Read(2100, Parent, Key, 1000) with { NextSeedHash = Parent })!,
            WorkCodec.Encode(new TravellingBlock(SampleTemplate.Read(2100, Parent, Key, 1000).Blob, Key))!,
            WorkCodec.Encode(new BlockFate(Parent, true, "because")),
        ];
        Random random = new(20261122);
        long budget = long.Parse(Environment.GetEnvironmentVariable("P2P_MINER_FUZZ_BYTES") ?? "1500000", System.Globalization.CultureInfo.InvariantCulture);
        int jobs = 0;
        while (budget > 0)
        {
            byte[] bytes = random.Next(8) == 0 ? RandomBytes(random) : Mutation.Of(originals[random.Next(originals.Length)], random);
            budget -= bytes.Length + 1;
            if (!WorkCodec.TryDecode(bytes, out object? content) || content is not DaemonTemplate told)
                continue;
            JobReading reading = JobRules.Read(told, Publisher);
            if (reading.Job is not DaemonJob job)
                continue;

            // What is taken can be mined, told again and understood.
            jobs++;
            Assert.That(job.WriteHashingBlob(1, new byte[Mining.Monero.HashingBlob.MaxSize], out _), Is.GreaterThan(70));
            Assert.That(WorkCodec.TryDecode(WorkCodec.Encode(job.Raw), out object? again), Is.True);
            Assert.That(((DaemonTemplate)again!).IsSameAs(told), Is.True);
        }
        Assert.That(jobs, Is.GreaterThan(10), "some survive the damage");
    }

    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(400)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static bool Decodes(Action<JobMessage> change)
    {
        WorkMessage message = WorkMessage.Parser.ParseFrom(WorkCodec.Encode(SampleTemplate.Read(2100, Parent, Key, 1000)));
        change(message.Job);
        return WorkCodec.TryDecode(message.ToByteArray(), out _);
    }
}

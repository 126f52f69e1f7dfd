using System.Text.Json;
using System.Text.Json.Nodes;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Tests.Sources.Monero;

[TestFixture]
internal sealed class TemplateRulesTests
{
    [TestCase(1UL)]
    [TestCase(10UL)]
    [TestCase(2048UL)]
    [TestCase(2112UL)]
    [TestCase(2113UL)]
    [TestCase(4161UL)]
    [TestCase(3_000_000UL)]
    public void HonestTemplate_IsAccepted(ulong height)
    {
        var chain = new FakeChain { Height = height };
        DaemonResult<BlockTemplate> result = TemplateRules.Check(Template(chain), Info(chain));
        Assert.That(result.Error, Is.Null);
        Assert.That((result.Value!.Height, result.Value.PreviousId), Is.EqualTo((height, chain.IdAt(height - 1))));
    }

    [TestCase("height", "11", "height 10, the template says 11")]
    [TestCase("prev_hash", "\"00000000000000000000000000000000000000000000000000000000000000ff\"", "does not build on the daemon's top block")]
    [TestCase("expected_reward", "1", "the template says 1")]
    [TestCase("seed_height", "2048", "is not Monero's for height 10")]
    [TestCase("next_seed_hash", "\"00000000000000000000000000000000000000000000000000000000000000ff\"", "no epoch is near")]
    [TestCase("reserved_offset", "0", "reserved bytes")]
    [TestCase("reserved_offset", "18446744073709551615", "reserved bytes")]
    [TestCase("blocktemplate_blob", "\"\"", "block template")]
    [TestCase("blockhashing_blob", "\"\"", "its hashing blob is not the one of its template")]
    public void Contradiction_IsNamed(string field, string value, string explanation)
    {
        var chain = new FakeChain();
        DaemonTemplate altered = Template(chain, answer => answer[field] = JsonNode.Parse(value));
        AssertBad(TemplateRules.Check(altered, Info(chain)), explanation);
    }

    [Test]
    public void Difficulty_HasToBeTheDaemons()
    {
        var chain = new FakeChain();
        DaemonTemplate template = Template(chain);
        chain.Difficulty = 2000;
        AssertBad(TemplateRules.Check(template, Info(chain)), "difficulty is 1000, the daemon's 2000");
    }

    [Test]
    public void Timestamp_HasToBeNearTheDaemonsClock()
    {
        var chain = new FakeChain();
        DaemonInfo info = Info(chain);
        ulong limit = TemplateRules.MaxTimestampDistance;
        Assert.That(TemplateRules.Check(Template(chain), info with { AdjustedTime = info.AdjustedTime + limit }).Error, Is.Null);
        AssertBad(TemplateRules.Check(Template(chain), info with { AdjustedTime = info.AdjustedTime + limit + 1 }), "timestamp");
        AssertBad(TemplateRules.Check(Template(chain), info with { AdjustedTime = info.AdjustedTime - limit - 1 }), "timestamp");
    }

    [TestCase((byte)11, "before RandomX")]
    [TestCase((byte)17, "update p2p-miner")]
    public void Version_HasToBeKnown(byte version, string explanation)
    {
        var chain = new FakeChain();
        byte[] blob = SampleTemplate.Blob(chain.Height, chain.IdAt(chain.Height - 1), out _, version);
        AssertBad(TemplateRules.Check(Template(chain) with { Blob = blob }, Info(chain)), explanation);
    }

    /// <summary>One bit anywhere in either blob is noticed.</summary>
    [Test]
    public void AlteredBlob_IsRefused()
    {
        var chain = new FakeChain();
        DaemonTemplate template = Template(chain);
        DaemonInfo info = Info(chain);
        for (int i = 0; i < template.Blob.Length; i++)
        {
            DaemonTemplate altered = template with { Blob = Flipped(template.Blob, i) };
            Assert.That(TemplateRules.Check(altered, info).Error?.Fault, Is.EqualTo(DaemonFault.BadTemplate), $"template byte {i}");
        }
        for (int i = 0; i < template.HashingBlob.Length; i++)
        {
            DaemonTemplate altered = template with { HashingBlob = Flipped(template.HashingBlob, i) };
            Assert.That(TemplateRules.Check(altered, info).Error?.Fault, Is.EqualTo(DaemonFault.BadTemplate), $"hashing blob byte {i}");
        }
    }

    [Test]
    public void History_NoticesContradictions()
    {
        var chain = new FakeChain { Height = 3000 };
        var history = new TemplateHistory();
        DaemonTemplate template = Template(chain);
        Assert.That(history.FindContradiction(template), Is.Null);
        history.Learn(template);

        chain.Height -= TemplateHistory.MaxStepBack;
        Assert.That(history.FindContradiction(Template(chain)), Is.Null);
        chain.Height--;
        Assert.That(history.FindContradiction(Template(chain)), Does.Contain("went back from height 3000"));

        Assert.That(history.FindContradiction(template with { SeedHash = chain.IdAt(7) }), Does.Contain("seed hash"));
        history.Forget();
        Assert.That(history.FindContradiction(template with { SeedHash = chain.IdAt(7) }), Is.Null);
    }

    [Test]
    public void Job_FillsTheReservedBytes()
    {
        var chain = new FakeChain();
        DaemonTemplate raw = Template(chain);
        Assert.That(TemplateRules.Check(raw, Info(chain)).TryGet(out BlockTemplate? template, out _), Is.True);
        var job = new DaemonJob(template!, raw, 50, extraNonce => chain.IdAt(extraNonce));
        Assert.That((job.ShareDifficulty, job.NetworkDifficulty), Is.EqualTo(((UInt128)50, (UInt128)1000)));

        FoundBlock block = job.BuildBlock(0x0102030405060708, 0xaabbccdd, DateTimeOffset.UnixEpoch);
        byte[] reserved = block.Blob[raw.ReservedOffset..(raw.ReservedOffset + TemplateRules.ReserveSize)];
        Assert.That(reserved, Is.EqualTo(new byte[] { 8, 7, 6, 5, 4, 3, 2, 1 }.Concat(chain.IdAt(0x0102030405060708).ToArray())));

        Span<byte> blob = stackalloc byte[HashingBlob.MaxSize];
        int length = job.WriteHashingBlob(0x0102030405060708, blob, out int nonceOffset);
        Assert.That(blob.Slice(nonceOffset, 4).ToArray(), Is.EqualTo(new byte[4]));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(blob[nonceOffset..], 0xaabbccdd);
        Assert.That(HashingBlob.IdOf(blob[..length]), Is.EqualTo(block.Id), "the block is the one that was hashed");
    }

    [Test]
    public void Job_CapsTheShareDifficulty()
    {
        var chain = new FakeChain();
        DaemonTemplate raw = Template(chain);
        Assert.That(TemplateRules.Check(raw, Info(chain)).TryGet(out BlockTemplate? template, out _), Is.True);
        var job = new DaemonJob(template!, raw, 5000, null);
        Assert.That(job.ShareDifficulty, Is.EqualTo((UInt128)1000));
        DaemonJob easier = job.WithShare(10, null);
        Assert.That((easier.ShareDifficulty, easier.Template), Is.EqualTo(((UInt128)10, job.Template)));
        Assert.That(easier.Id, Is.Not.EqualTo(job.Id));
    }

    private static byte[] Flipped(byte[] bytes, int index)
    {
        byte[] copy = [.. bytes];
        copy[index] ^= 1;
        return copy;
    }

    private static void AssertBad(DaemonResult<BlockTemplate> result, string explanation)
    {
        Assert.That(result.Error?.Fault, Is.EqualTo(DaemonFault.BadTemplate));
        Assert.That(result.Error!.Message, Does.Contain(explanation));
    }

    private static DaemonTemplate Template(FakeChain chain, Action<JsonObject>? alter = null)
    {
        JsonObject answer = chain.Answer("get_block_template", default);
        alter?.Invoke(answer["result"]!.AsObject());
        using JsonDocument json = JsonDocument.Parse(answer.ToJsonString());
        DaemonTemplate? template = DaemonTemplate.Parse(json.RootElement.GetProperty("result"), out string? error);
        Assert.That(error, Is.Null);
        return template!;
    }

    private static DaemonInfo Info(FakeChain chain)
    {
        using JsonDocument json = JsonDocument.Parse(chain.Answer("get_info", default).ToJsonString());
        return DaemonInfo.Parse(json.RootElement.GetProperty("result"), out _)!;
    }
}

using System.Text;
using System.Text.Json;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.Sources.Monero;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>Damaged answers and files end in one clear line or in a result that holds together.</summary>
[TestFixture]
internal sealed class DaemonFuzzTests
{
    private const int Inputs = 3000;

    /// <summary>No answer may cost more memory than this beyond its own size.</summary>
    private const long MaxAllocation = 1024 * 1024;

    [Test]
    public void Info_SurvivesDamage()
    {
        int accepted = 0;
        foreach (byte[] body in Damaged("get_info", "{}", seed: 1))
        {
            if (Parsed<DaemonInfo>(body, DaemonInfo.Parse) is not { } info)
                continue;
            accepted++;
            Assert.That(info.Difficulty, Is.Not.EqualTo((UInt128)0));
            Assert.That(info.NetType, Has.Length.LessThanOrEqualTo(256));
            _ = DaemonFitness.FindFault(info, MoneroNetwork.Main);
        }
        Assert.That(accepted, Is.InRange(1, Inputs - 1), "some damage is harmless, most is not");
    }

    [Test]
    public void Template_SurvivesDamage()
    {
        var chain = new FakeChain();
        DaemonInfo info = Parsed<DaemonInfo>(Answer("get_info", "{}"), DaemonInfo.Parse)!;
        int accepted = 0;
        foreach (byte[] body in Damaged("get_block_template", "{}", seed: 2))
        {
            if (Parsed<DaemonTemplate>(body, DaemonTemplate.Parse) is not { } raw
                || !TemplateRules.Check(raw, info).TryGet(out BlockTemplate? template, out DaemonError? error))
            {
                continue;
            }
            accepted++;
            Assert.That(error, Is.Null);
            Assert.That((template!.Height, template.PreviousId), Is.EqualTo((chain.Height, chain.IdAt(chain.Height - 1))));
            Assert.That(new DaemonJob(template, raw, 1, null).BuildBlock(0, 0, default).Blob, Is.EqualTo(raw.Blob));
        }
        Assert.That(accepted, Is.InRange(1, Inputs - 1));
    }

    [Test]
    public void Header_SurvivesDamage()
    {
        int accepted = 0;
        foreach (byte[] body in Damaged("get_block_header_by_height", "{\"height\":5}", seed: 3))
            accepted += Parsed<DaemonHeader>(body, DaemonHeader.Parse) is null ? 0 : 1;
        Assert.That(accepted, Is.InRange(1, Inputs - 1));
    }

    [Test]
    public void Error_SurvivesDamage()
    {
        byte[] original = Encoding.UTF8.GetBytes(FakeChain.Error(-7, "Block not accepted").ToJsonString());
        var mutation = new Mutation(4);
        for (int i = 0; i < Inputs; i++)
        {
            DaemonResult<DaemonInfo> result = DaemonClient.ParseAnswer<DaemonInfo>(mutation.Apply(original), DaemonInfo.Parse);
            Assert.That(result.Error, Is.Not.Null);
        }
    }

    [Test]
    public void FoundBlockFile_SurvivesDamage()
    {
        byte[] blob = SampleTemplate.Blob(10, Mining.Hash256.Zero, out _);
        var block = new FoundBlock(Keccak256.Hash(blob), 10, blob, DateTimeOffset.UnixEpoch, Mining.Hash256.Zero, UInt128.MaxValue);
        byte[] original = FoundBlockFile.Encode(block, "because");
        Assert.That(FoundBlockFile.TryDecode(original, out FoundBlock? same, out string none), Is.True, none);
        Assert.That(same! with { Blob = blob }, Is.EqualTo(block));
        Assert.That(same!.Blob, Is.EqualTo(blob));

        var mutation = new Mutation(5);
        for (int i = 0; i < Inputs; i++)
        {
            if (FoundBlockFile.TryDecode(mutation.Apply(original), out FoundBlock? decoded, out string error))
                Assert.That(decoded.Blob, Is.EqualTo(blob), "the checksum guards the block itself");
            else
                Assert.That(error, Is.Not.Empty);
        }
    }

    private static IEnumerable<byte[]> Damaged(string method, string parameters, int seed)
    {
        byte[] original = Answer(method, parameters);
        var mutation = new Mutation(seed);
        for (int i = 0; i < Inputs; i++)
            yield return mutation.Apply(original);
    }

    private static byte[] Answer(string method, string parameters)
    {
        using JsonDocument json = JsonDocument.Parse(parameters);
        return Encoding.UTF8.GetBytes(new FakeChain().Answer(method, json.RootElement).ToJsonString());
    }

    /// <summary>Null when the answer was refused, for a reason of one line.</summary>
    private static T? Parsed<T>(byte[] body, ResultParser<T> parse)
        where T : class
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        DaemonResult<T> result = DaemonClient.ParseAnswer(body, parse);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(MaxAllocation));
        if (result.TryGet(out T? value, out DaemonError? error))
            return value;
        Assert.That(error!.Message, Is.Not.Empty);
        Assert.That(error.Message, Does.Not.Match("[\\x00-\\x1f]"));
        return null;
    }
}

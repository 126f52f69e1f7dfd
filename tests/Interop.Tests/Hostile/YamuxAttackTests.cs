using P2PMiner.Interop.Tests.Raw;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>Authenticated peers that break the multiplexer.</summary>
internal sealed class YamuxAttackTests : HostileTests
{
    private const int Window = 256 * 1024;

    private static IEnumerable<TestCaseData> FatalFrames()
    {
        yield return Case("version 1", RawYamux.Frame(RawYamux.Ping, RawYamux.Syn, 0, 1, version: 1));
        yield return Case("version 255", RawYamux.Frame(RawYamux.Data, RawYamux.Syn, 1, 0, version: 255));
        yield return Case("type 4", RawYamux.Frame(4, 0, 0, 0));
        yield return Case("type 255", RawYamux.Frame(255, 0, 1, 0));
        yield return Case("a stream with the listener's parity", RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 2, 0));
        yield return Case("a stream with id 0", RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 0, 0));
        yield return Case("data on id 0", RawYamux.DataFrame(0, [1, 2, 3]));
        yield return Case("the same stream twice", RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 1, 0), RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 1, 0));
        yield return Case("a frame that claims 4 GiB", RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 1, 0), RawYamux.Frame(RawYamux.Data, 0, 1, uint.MaxValue));
        yield return Case("a ping that is neither question nor answer", RawYamux.Frame(RawYamux.Ping, 0, 0, 1));
        yield return Case("a ping on a stream", RawYamux.Frame(RawYamux.Ping, RawYamux.Syn, 1, 1));
        yield return Case("a window without bounds", [RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 1, 0), .. Enumerable.Repeat(RawYamux.Frame(RawYamux.WindowUpdate, 0, 1, uint.MaxValue), 4)]);

        static TestCaseData Case(string name, params byte[][] frames) => new TestCaseData((object)frames).SetArgDisplayNames(name);
    }

    private static IEnumerable<TestCaseData> HarmlessFrames()
    {
        yield return Case("data for a stream that never was", RawYamux.DataFrame(9, [1, 2, 3]));
        yield return Case("a window for a stream that never was", RawYamux.Frame(RawYamux.WindowUpdate, 0, 9, 100));
        yield return Case("an end for a stream that never was", RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Fin, 9, 0));
        yield return Case("a reset for a stream that never was", RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Rst, 9, 7));
        yield return Case("a stream opened and reset at once", RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 11, 0), RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Rst, 11, 0));
        yield return Case("two ends", RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 13, 0), RawYamux.Frame(RawYamux.Data, RawYamux.Fin, 13, 0), RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Fin, 13, 0));
        yield return Case("a window after the end", RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 15, 0), RawYamux.Frame(RawYamux.Data, RawYamux.Fin, 15, 0), RawYamux.Frame(RawYamux.WindowUpdate, 0, 15, 1000));
        yield return Case("the answer to a ping that nobody asked", RawYamux.Frame(RawYamux.Ping, RawYamux.Ack, 0, 0xdeadbeef));
        yield return Case("a stream opened by data", RawYamux.DataFrame(17, [.. RawSocket.Line(RawSocket.Multistream)], RawYamux.Syn));

        static TestCaseData Case(string name, params byte[][] frames) => new TestCaseData((object)frames).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(FatalFrames))]
    public async Task Frame_ThatBreaksTheProtocol_EndsTheConnection(byte[][] frames)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target);
        await session.PingAsync();

        await session.SendAsync(frames);

        await session.UntilClosedAsync();
    }

    [Test]
    public async Task Data_BeyondTheWindow_EndsTheConnection()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target);
        RawStream stream = await session.OpenAsync(Silent);

        await stream.SendAsync(new byte[4 * Window]);

        await session.UntilClosedAsync();
    }

    [TestCaseSource(nameof(HarmlessFrames))]
    public async Task Frame_ThatMeansNothing_IsIgnored(byte[][] frames)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target);

        await session.SendAsync(frames);

        await session.PingAsync();
        await AssertEchoesAsync(session, 100);
    }

    [Test]
    public async Task RandomFrames_NeverHarmTheHost()
    {
        var random = new Random(20_261_121);
        for (int round = 0; round < 30; round++)
        {
            await using RawYamux session = await RawYamux.ConnectAsync(Target);
            for (int i = 0; i < 20 && !session.IsClosed; i++)
            {
                byte[] noise = new byte[random.Next(1, 200)];
                random.NextBytes(noise);
                // Mostly valid headers, so that the attack gets past the first check.
                if (random.Next(4) > 0)
                    (noise[0], noise[Math.Min(1, noise.Length - 1)]) = (0, (byte)random.Next(4));
                await session.SendAsync(noise);
            }
        }
    }

    [Test]
    public async Task TenThousandStreams_EndTheConnection()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target);
        for (uint first = 1; first < 20_000 && !session.IsClosed; first += 2000)
        {
            await session.SendAsync([.. Enumerable.Range(0, 1000).Select(
                i => RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, first + (2 * (uint)i), 0))]);
        }

        await session.UntilClosedAsync();
    }

    [Test]
    public async Task PeerThatNeverReads_CannotFillTheHost()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target);
        session.Reads = false;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        RawStream[] streams = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => session.OpenAsync(Echo)));

        // Each echo comes to a halt when our window is full, and what it has read by then is all it may hold.
        await Task.WhenAll(streams.Select(stream => stream.SendAsync(new byte[Window / 2])));
        await session.PingAsync();

        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(20 * 4 * Window));
    }

    [TestCase(0u)]
    [TestCase(1u)]
    [TestCase(2u)]
    [TestCase(0xffffu)]
    public async Task GoAway_OfAnyCode_EndsTheConnection(uint code)
    {
        var key = Ed25519KeyPair.Generate();
        await using RawYamux session = await RawYamux.ConnectAsync(Target, key);
        await session.PingAsync();

        await session.SendAsync(RawYamux.Frame(RawYamux.GoAway, 0, 0, code));

        await UntilAsync(() => !IsConnected(key.ToPublicKey().ToPeerId()), "end of the connection");
    }

    [Test]
    public async Task Pings_ByTheThousand_AreAnsweredOrCutOff()
    {
        await using RawYamux session = await RawYamux.ConnectAsync(Target);
        byte[][] pings = [.. Enumerable.Range(0, 1000).Select(i => RawYamux.Frame(RawYamux.Ping, RawYamux.Syn, 0, (uint)i + 5000))];
        for (int i = 0; i < 20 && !session.IsClosed; i++)
            await session.SendAsync(pings);
    }

    private static async Task AssertEchoesAsync(RawYamux session, int count)
    {
        RawStream stream = await session.OpenAsync(Echo);
        byte[] sent = [.. Enumerable.Range(0, count).Select(i => (byte)i)];
        await stream.SendAsync(sent);
        Assert.That(await stream.ReadExactlyAsync(count), Is.EqualTo(sent));
    }
}

using System.Text.Json;
using P2PMiner.Interop.Tests.Driver;

namespace P2PMiner.Interop.Tests.Js;

[TestFixture(PeerKind.Js, PeerKind.Ours)]
[TestFixture(PeerKind.Ours, PeerKind.Js)]
internal sealed class StreamTests(PeerKind dialerKind, PeerKind listenerKind) : PairTests(dialerKind, listenerKind)
{
    private const int HundredMegabytes = 100_000_000;
    private const string Prefix = "/p2p-miner/interop/";

    private static readonly TimeSpan BigDeadline = TimeSpan.FromMinutes(4);

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_Carries100MegabytesUp_AndTheAnswerAfterHalfClose(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);

        JsonElement result = await from.CallAsync(
            "openStream", new { peer = to.Id, protocol = Prefix + "sink/1.0.0", sendRandom = HundredMegabytes }, BigDeadline);

        using JsonDocument answer = JsonDocument.Parse(Convert.FromHexString(result.Text("data")));
        Assert.Multiple(() =>
        {
            Assert.That(result.Text("ended"), Is.EqualTo("eof"));
            Assert.That(result.Number("sent"), Is.EqualTo(HundredMegabytes));
            Assert.That(answer.RootElement.Number("size"), Is.EqualTo(HundredMegabytes));
            Assert.That(answer.RootElement.Text("sha256"), Is.EqualTo(result.Text("sentSha256")));
        });
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_Carries100MegabytesDown_AfterHalfClose(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);

        JsonElement result = await from.CallAsync("perf", new { peer = to.Id, upload = 0, download = HundredMegabytes }, BigDeadline);

        Assert.That(result.Number("downloaded"), Is.EqualTo(HundredMegabytes));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_EchoesWhileBothWrite(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);

        // js-libp2p resets a stream of which it holds more than 4 MiB unread, and it reads no further while its echo is held up.
        JsonElement result = await from.CallAsync(
            "openStream", new { peer = to.Id, protocol = Prefix + "echo/1.0.0", sendRandom = 3_000_000 }, BigDeadline);

        AssertEchoed(result, 3_000_000);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_HalfClosed_StillReadsThreeMegabytes(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);

        JsonElement result = await from.CallAsync(
            "openStream", new { peer = to.Id, protocol = Prefix + "eof-echo/1.0.0", sendRandom = 3_000_000 }, BigDeadline);

        AssertEchoed(result, 3_000_000);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_ThatNobodyReadsForAWhile_WaitsForItsWindow(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);

        JsonElement result = await from.CallAsync(
            "openStream", new { peer = to.Id, protocol = Prefix + "slow/1.0.0", sendRandom = 3_000_000 }, BigDeadline);

        using JsonDocument answer = JsonDocument.Parse(Convert.FromHexString(result.Text("data")));
        Assert.That(answer.RootElement.Text("sha256"), Is.EqualTo(result.Text("sentSha256")));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_ResetByTheRemote_EndsAlone(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);

        JsonElement result = await from.TryCallAsync(
            "openStream", new { peer = to.Id, protocol = Prefix + "reset/1.0.0", send = "00", halfClose = false });

        if (result.Flag("ok"))
            Assert.That(result.Text("ended"), Does.StartWith("reset"));
        else
            Assert.That(result.Text("error"), Does.Contain("reset").IgnoreCase);
        await from.CallAsync("ping", new { peer = to.Id });
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_ResetByUs_ReachesTheHandler(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);
        int start = to.Now;

        await from.TryCallAsync(
            "openStream", new { peer = to.Id, protocol = Prefix + "sink/1.0.0", sendRandom = 100_000, reset = true });

        JsonElement sink = await to.WaitAsync("sink", since: start);
        Assert.That(sink.Text("ended"), Does.StartWith("reset"));
        await from.CallAsync("ping", new { peer = to.Id });
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_OfAnUnknownProtocol_IsRefusedByName(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);

        JsonElement result = await from.TryCallAsync(
            "openStream", new { peer = to.Id, protocol = Prefix + "nobody-has-this/1.0.0", send = "00" });

        Assert.That(result.Flag("ok"), Is.False);
        Assert.That(result.Text("error"), Does.StartWith("UnsupportedProtocolError"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Stream_OffersProtocolsInOrder(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);

        JsonElement result = await from.CallAsync("openStream", new
        {
            peer = to.Id,
            protocol = new[] { Prefix + "nobody-has-this/1.0.0", Prefix + "eof-echo/1.0.0", Prefix + "echo/1.0.0" },
            send = "0102",
        });

        Assert.That(result.Text("protocol"), Is.EqualTo(Prefix + "eof-echo/1.0.0"));
        AssertEchoed(result, 2);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Streams_TwentyAtOnce_DoNotMix(bool dialerOpens)
    {
        (ScriptedPeer from, ScriptedPeer to) = Sides(dialerOpens);

        JsonElement[] results = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => from.CallAsync(
            "openStream", new { peer = to.Id, protocol = Prefix + "echo/1.0.0", sendRandom = i * 10_000 }, BigDeadline)));

        for (int i = 0; i < results.Length; i++)
            AssertEchoed(results[i], (i + 1) * 10_000);
    }

    private static void AssertEchoed(JsonElement result, int size) => Assert.Multiple(() =>
    {
        Assert.That(result.Text("ended"), Is.EqualTo("eof"));
        Assert.That(result.Number("sent"), Is.EqualTo(size));
        Assert.That(result.Number("received"), Is.EqualTo(size));
        Assert.That(result.Text("sha256"), Is.EqualTo(result.Text("sentSha256")));
    });
}

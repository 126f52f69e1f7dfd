using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using P2PMiner.Peer.Tests.Driver;

namespace P2PMiner.Peer.Tests;

internal sealed class EndTests : PeerTest
{
    /// <summary>Waits for ever, as nothing answers on that stream.</summary>
    private const string Endless = """{"id":1,"cmd":"openStream","peer":"PEER","protocol":"/p2p-miner/interop/silent/1.0.0","timeout":600000}""";

    [TestCase("quit")]
    [TestCase("EOF")]
    [TestCase("TERM")]
    [TestCase("INT")]
    public async Task End_AnswersWhatIsUnderWayAndStopsInOrder(string how)
    {
        (PeerProcess a, PeerProcess b) = await StartPairAsync();
        await a.SendAsync(Endless.Replace("PEER", b.Id, StringComparison.Ordinal) + "\n");
        await a.SendAsync($$"""{"id":3,"cmd":"ping","count":1000000000,"timeout":600000,"peer":"{{b.Id}}"}""" + "\n");
        await b.EventAsync("stream");
        JsonElement first = await a.EventAsync("ping");
        await a.EventAsync("ping", line => line.GetProperty("rttMs").GetDouble() != first.GetProperty("rttMs").GetDouble());

        await EndAsync(a, how);
        (int code, _) = await a.EndAsync();

        JsonElement[] lines = a.Log.All;
        JsonElement[] results = [.. lines.Where(line => line.IsResultOf(1))];
        Assert.That(code, Is.Zero);
        Assert.That(lines[^1].Ev(), Is.EqualTo("stopped"));
        Assert.That(results, Has.Length.EqualTo(1));
        Assert.That(results[0].IsOk(), Is.False);
        Assert.That(results[0].Text("error"), Does.StartWith("CancelledError: "));
        Assert.That(lines.Single(line => line.IsResultOf(3)).GetProperty("rttMs").GetArrayLength(), Is.Positive, "what is known is told");
        Assert.That(lines.Count(line => line.IsResultOf(2)), Is.EqualTo(how == "quit" ? 1 : 0));
        await b.EventAsync("peer:disconnect");
    }

    [Test]
    public async Task End_ComesWhateverIsWrittenAfterQuit()
    {
        PeerProcess peer = await StartAsync();

        await peer.SendAsync("{\"id\":1,\"cmd\":\"quit\"}\n{\"id\":2,\"cmd\":\"peers\"}\n");
        (int code, _) = await peer.EndAsync();

        Assert.That(code, Is.Zero);
        Assert.That(peer.Log.All.TakeLast(2).Select(line => line.Ev()), Is.EqualTo(["result", "stopped"]));
        Assert.That(peer.Log.All[^2].IsResultOf(1) && peer.Log.All[^2].IsOk(), Is.True);
    }

    [Test]
    public async Task End_ComesWithoutStdin()
    {
        PeerProcess peer = Keep(PeerProcess.Start());
        peer.CloseInput();

        (int code, _) = await peer.EndAsync();

        Assert.That(code, Is.Zero);
        Assert.That(peer.Log.All.Select(line => line.Ev()), Is.EqualTo(["listening", "stopped"]));
    }

    [Test]
    public async Task Interrupt_EndsEvenWhatAShellStartedInTheBackground()
    {
        PeerProcess peer = Keep(PeerProcess.StartIgnoringInterrupts());
        await peer.ListeningAsync();

        peer.Signal("INT");
        (int code, _) = await peer.EndAsync();

        Assert.That(code, Is.Zero);
        Assert.That(peer.Log.All[^1].Ev(), Is.EqualTo("stopped"));
    }

    [Test]
    public async Task Life_EndsWhateverIsUnderWay()
    {
        PeerProcess peer = Keep(PeerProcess.Start("--life", "3"));
        await peer.SendAsync("""{"id":1,"cmd":"publishMany","topic":"t","count":1000000000,"gapMs":1000,"timeout":600000}""" + "\n");

        (int code, _) = await peer.EndAsync();

        JsonElement[] lines = peer.Log.All;
        Assert.That(code, Is.EqualTo(3));
        Assert.That(lines.Single(line => line.Ev() == "life").GetProperty("seconds").GetInt32(), Is.EqualTo(3));
        Assert.That(lines.Count(line => line.IsResultOf(1) && !line.IsOk()), Is.AtMost(1));
        Assert.That(lines[^1].Ev(), Is.EqualTo("stopped"));
    }

    [Test]
    public async Task Life_MayBeAsLongAsATimerTakes()
    {
        PeerProcess peer = await StartAsync("--life", "4294967");

        Assert.That((await peer.CallAsync("info")).Text("peerId"), Is.EqualTo(peer.Id));
    }

    [Test]
    public async Task Stdout_MayBeClosed()
    {
        PeerProcess peer = Keep(PeerProcess.StartUnread());
        await ReadLineAsync(peer.Output);
        peer.Output.Close();

        await peer.SendAsync("{\"id\":1,\"cmd\":\"peers\"}\n{\"id\":2,\"cmd\":\"peers\"}\n{\"cmd\":\"quit\"}\n");
        (int code, _) = await peer.EndAsync();

        Assert.That(code, Is.Zero);
    }

    [Test]
    public async Task Stdout_MayBeReadLateAndNothingIsLost()
    {
        const int Count = 2000;
        PeerProcess peer = Keep(PeerProcess.StartUnread());
        string pad = new('x', 1000);
        for (int i = 0; i < Count; i++)
            await peer.SendAsync($$"""{"id":{{i}},"cmd":"{{pad}}"}""" + "\n");
        peer.CloseInput();

        peer.Read();
        (int code, _) = await peer.EndAsync();

        Assert.That(code, Is.Zero);
        Assert.That(
            peer.Log.All.Where(line => line.Ev() == "result").Select(line => line.GetProperty("id").GetInt32()),
            Is.EqualTo(Enumerable.Range(0, Count)));
        Assert.That(peer.Log.All[^1].Ev(), Is.EqualTo("stopped"));
    }

    [Test]
    public async Task Stdout_ThatNobodyReadsHoldsUpNoEnd()
    {
        PeerProcess peer = Keep(PeerProcess.StartUnread());
        await ReadLineAsync(peer.Output);
        string line = $$"""{"id":1,"cmd":"{{new string('x', 1_000_000)}}"}""" + "\n";
        await peer.SendAsync(line);
        peer.Signal("TERM");

        (int code, _) = await peer.EndAsync();

        Assert.That(code, Is.Zero);
    }

    [TestCase("--nonsense")]
    [TestCase("--name")]
    [TestCase("name")]
    [TestCase("--key-type", "RSA")]
    [TestCase("--kad-mode", "both")]
    [TestCase("--kad", "kad")]
    [TestCase("--sign", "lax")]
    [TestCase("--msg-id", "go")]
    [TestCase("--meshsub", "1.3.0")]
    [TestCase("--heartbeat", "0")]
    [TestCase("--heartbeat", "often")]
    [TestCase("--d", "-1")]
    [TestCase("--dlo", "7")]
    [TestCase("--k", "0")]
    [TestCase("--life", "0")]
    [TestCase("--life", "4294968")]
    [TestCase("--listen", "localhost:80")]
    [TestCase("--dial", "/ip4/1/tcp")]
    [TestCase("--topic", "")]
    [TestCase("--mdns-service", "_p2p..local")]
    [TestCase("--mdns-port", "65536")]
    [TestCase("--psk")]
    [TestCase("--max-conns", "x\ny")]
    public async Task BadOption_IsNamedInOneLineOnStderr(params string[] options)
    {
        PeerProcess peer = Keep(PeerProcess.Start(options));

        (int code, string errors) = await peer.EndAsync();

        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1), errors);
        Assert.That(errors, Does.Contain(options[0]));
        Assert.That(peer.Log.All, Is.Empty);
    }

    [TestCase("--seed", "00")]
    [TestCase("--seed", "no hex")]
    [TestCase("--psk", "0011")]
    [TestCase("--psk-file", "missing.key")]
    public async Task BadKey_IsNamedOnStderrAndUncaught(string option, string value)
    {
        PeerProcess peer = Keep(PeerProcess.StartDefective([], "--name", "n", option, value));

        (int code, string errors) = await peer.EndAsync();

        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1), errors);
        Assert.That(errors, Does.Contain(option));
        Assert.That(peer.Log.All.Select(line => line.Ev()), Is.EqualTo(["uncaught"]));
        Assert.That(peer.Log.All[0].Text("error"), Does.Contain(option));
    }

    [Test]
    public async Task StartThatFails_IsUncaught()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        string port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        PeerProcess peer = Keep(PeerProcess.StartDefective([], "--listen", $"/ip4/127.0.0.1/tcp/{port}"));
        (int code, _) = await peer.EndAsync();

        Assert.That(code, Is.EqualTo(2));
        Assert.That(peer.Log.All.Select(line => line.Ev()), Is.EqualTo(["uncaught"]));
        Assert.That(peer.Log.All[0].Text("error"), Does.Contain(port));
    }

    private static async Task EndAsync(PeerProcess peer, string how)
    {
        switch (how)
        {
            case "quit":
                await peer.SendAsync("{\"id\":2,\"cmd\":\"quit\"}\n");
                break;
            case "EOF":
                peer.CloseInput();
                break;
            default:
                peer.Signal(how);
                break;
        }
    }

    private static async Task<string> ReadLineAsync(Stream stream)
    {
        byte[] one = new byte[1];
        List<byte> line = [];
        while (await stream.ReadAsync(one) == 1 && one[0] != '\n')
            line.Add(one[0]);
        return Encoding.UTF8.GetString([.. line]);
    }
}

using System.Net;
using System.Net.Sockets;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Tests.Network;

/// <summary>Against name servers on loopback whose answers are written out byte by byte.</summary>
public sealed class TextLookupTests
{
    private const string Name = "_dnsaddr.node.test";

    private static readonly byte[] Question = [8, .. "_dnsaddr"u8, 4, .. "node"u8, 4, .. "test"u8, 0, 0, 16, 0, 1];
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(1);

    private readonly List<Socket> _servers = [];

    [TearDown]
    public void StopServers()
    {
        _servers.ForEach(server => server.Dispose());
        _servers.Clear();
    }

    [Test]
    public async Task Lookup_JoinsTheStringsOfARecord_AndLeavesOutOtherTypes()
    {
        byte[] asked = [];
        TextLookup lookup = Asking(Serve(query =>
        {
            asked = query;
            return [Answer(query, 0x8180, 3, [.. Text("dnsaddr=", "/ip4/10.1.1.1/tcp/5"), .. Alias(), .. Text("x")])];
        }));

        IReadOnlyList<string> texts = await lookup.AskAsync(Name, CancellationToken.None).WaitAsync(Deadline);

        Assert.That(asked[2..], Is.EqualTo((byte[])[1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Question]));

        Assert.That(texts, Is.EqualTo(["dnsaddr=/ip4/10.1.1.1/tcp/5", "x"]));
    }

    [Test]
    public async Task Lookup_AsksByTcpForAnAnswerThatIsCutOff()
    {
        IPEndPoint server = Serve(query => [Answer(query, 0x8380, 0, [])]);
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(server);
        listener.Listen();
        Task served = ServeTcpAsync(listener, query => Answer(query, 0x8180, 1, Text("long")));

        IReadOnlyList<string> texts = await Asking(server).AskAsync(Name, CancellationToken.None).WaitAsync(Deadline);

        Assert.That(texts, Is.EqualTo(["long"]));
        await served.WaitAsync(Deadline);
    }

    [Test]
    public async Task Lookup_IgnoresAnswersToOtherQuestions()
    {
        TextLookup lookup = Asking(Serve(query =>
        [
            [], [1, 2, 3],
            Answer([(byte)~query[0], .. query[1..]], 0x8180, 1, Text("another number")),
            Answer(query, 0x0180, 1, Text("a question")),
            Answer([.. query[..14], (byte)'X', .. query[15..]], 0x8180, 1, Text("another name")),
            Answer(query, 0x8180, 1, Text("right")),
        ]));

        Assert.That(await lookup.AskAsync(Name, CancellationToken.None).WaitAsync(Deadline), Is.EqualTo(["right"]));
    }

    [Test]
    public async Task Lookup_GoesOnToTheNextServer()
    {
        IPEndPoint broken = Serve(query => [Answer(query, 0x8180, 1, [1, 2, 3])]);
        IPEndPoint refusing = Serve(query => [[.. query[..2], 0x81, 0x85, 0, 0, 0, 0, 0, 0, 0, 0]]);
        IPEndPoint good = Serve(query => [Answer(query, 0x8180, 1, Text("right"))]);

        Assert.That(await Asking(broken, refusing, good).AskAsync(Name, CancellationToken.None).WaitAsync(Deadline), Is.EqualTo(["right"]));
        IOException? error = await Assert.ThrowsAsync<IOException>(() => Asking(broken, refusing).AskAsync(Name, CancellationToken.None).WaitAsync(Deadline));
        Assert.That(error!.Message, Does.Contain("error 5"));
    }

    [Test]
    public async Task Lookup_OfANameThatIsNot_AsksNobodyElse()
    {
        int asked = 0;
        IPEndPoint first = Serve(query => [Answer(query, 0x8183, 0, [])]);
        IPEndPoint second = Serve(query =>
        {
            asked++;
            return [Answer(query, 0x8180, 1, Text("wrong"))];
        });

        IOException? error = await Assert.ThrowsAsync<IOException>(() => Asking(first, second).AskAsync(Name, CancellationToken.None).WaitAsync(Deadline));

        Assert.That(error!.Message, Does.Contain($"there is no name {Name}"));
        Assert.That(asked, Is.Zero);
    }

    [Test]
    public async Task Lookup_WithoutServers_OrOfNoName_SaysSo()
    {
        IOException? error = await Assert.ThrowsAsync<IOException>(() => Asking().AskAsync(Name, CancellationToken.None));

        Assert.That(error!.Message, Does.Contain("no name server"));
        await Assert.ThrowsAsync<ArgumentException>(() => Asking().AskAsync(new string('x', 64), CancellationToken.None));
    }

    private static TextLookup Asking(params IPEndPoint[] servers) => new(() => servers, TimeProvider.System);

    /// <summary>A server that answers each question with these datagrams.</summary>
    private IPEndPoint Serve(Func<byte[], byte[][]> answers)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _servers.Add(socket);
        _ = ServeUdpAsync(socket, answers);
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    private static async Task ServeUdpAsync(Socket socket, Func<byte[], byte[][]> answers)
    {
        byte[] buffer = new byte[512];
        try
        {
            while (true)
            {
                SocketReceiveFromResult asked = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                foreach (byte[] answer in answers(buffer[..asked.ReceivedBytes]))
                    await socket.SendToAsync(answer, asked.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task ServeTcpAsync(Socket listener, Func<byte[], byte[]> answer)
    {
        using Socket socket = await listener.AcceptAsync();
        using NetworkStream stream = new(socket);
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length);
        byte[] query = new byte[(length[0] << 8) + length[1]];
        await stream.ReadExactlyAsync(query);
        byte[] reply = answer(query);
        await stream.WriteAsync((byte[])[(byte)(reply.Length >> 8), (byte)reply.Length, .. reply]);
    }

    private static byte[] Answer(byte[] query, int flags, byte records, byte[] data) =>
        [.. query[..2], (byte)(flags >> 8), (byte)flags, 0, 1, 0, records, 0, 0, 0, 0, .. query[12..], .. data];

    /// <summary>A TXT record of the name that was asked for, which is at offset 12.</summary>
    private static byte[] Text(params string[] strings)
    {
        byte[] data = [.. strings.SelectMany(text => (byte[])[(byte)text.Length, .. text.Select(letter => (byte)letter)])];
        return [0xC0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, (byte)data.Length, .. data];
    }

    /// <summary>A CNAME record.</summary>
    private static byte[] Alias() => [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xC0, 21];
}

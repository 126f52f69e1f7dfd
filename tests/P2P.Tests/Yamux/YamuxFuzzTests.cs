using System.Diagnostics;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

/// <summary>Foreign bytes against live sessions: none may crash or hang one, or make it hold more memory than it may.</summary>
[TestFixture]
internal sealed class YamuxFuzzTests
{
    private static readonly YamuxOptions Options = new() { ConnectionMemory = 1_000_000 };

    /// <summary>A session reads and writes on threads of its own: what is bounded is the memory that it says it holds, all the time.</summary>
    [Test]
    public async Task Session_SurvivesForeignBytes()
    {
        Random cuts = new(20_260_701);
        int round = 0;
        foreach (byte[] input in Fuzz.Inputs(static random => random.Next(4) == 0 ? Noise(random) : Mutate(Conversation(random), random)))
            await FeedAsync(input, cuts, $"round {round++}");
    }

    [Test]
    public async Task Session_UnderstandsAConversationCutAnywhere()
    {
        byte[] conversation = Conversation(new Random(3), streams: 2);
        for (int cut = 1; cut < conversation.Length; cut += 1 + (conversation.Length / 400))
        {
            await using RawPeer peer = RawPeer.Create();
            await peer.SendRawAsync(conversation.AsMemory(0, cut));
            await ManualTime.SettleAsync();
            await peer.SendRawAsync(conversation.AsMemory(cut));
            await peer.ExpectAliveAsync();
        }
    }

    private static async Task FeedAsync(byte[] input, Random random, string what)
    {
        await using RawPeer peer = RawPeer.Create(options: Options);
        Task reading = ReadAllAsync(peer);
        try
        {
            for (int i = 0; i < input.Length;)
            {
                int count = Math.Min(input.Length - i, random.Next(1, 2000));
                await peer.SendRawAsync(input.AsMemory(i, count));
                i += count;
            }
            peer.CompleteWriting();
        }
        catch (IOException) when (peer.Session.CloseReason is not null)
        {
            Debug.WriteLine($"{what}: cut off before the end of the input");
        }
        await peer.Session.Completion.InTime();
        await reading.InTime();
        Assert.That(peer.Session.StreamCount, Is.Zero, what);
        Assert.That(peer.Session.MemoryUsed, Is.Zero, what);
        Assert.That(peer.MostMemory, Is.LessThanOrEqualTo(Options.ConnectionMemory), what);
    }

    private static async Task ReadAllAsync(RawPeer peer)
    {
        while (await peer.ReceiveAnyAsync() is not null)
            peer.MostMemory = Math.Max(peer.MostMemory, peer.Session.MemoryUsed);
    }

    private static byte[] Noise(Random random)
    {
        byte[] bytes = new byte[random.Next(1, 500)];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>What an honest remote could send: streams opened, written, granted window, finished or reset, with pings in between.</summary>
    private static byte[] Conversation(Random random, int streams = 6)
    {
        using MemoryStream bytes = new();
        for (int i = 0; i < streams; i++)
        {
            uint id = (uint)((2 * random.Next(streams)) + 1 + (2 * streams * i));
            Add(bytes, new FrameHeader(FrameType.WindowUpdate, FrameFlags.Syn, id, (uint)random.Next(3)));
            for (int n = random.Next(5); n > 0; n--)
                Add(bytes, new FrameHeader(FrameType.Data, FrameFlags.None, id, (uint)random.Next(random.Next(2) == 0 ? 60_000 : 100)));
            Add(bytes, new FrameHeader(FrameType.Ping, random.Next(2) == 0 ? FrameFlags.Syn : FrameFlags.Ack, 0, (uint)random.Next()));
            Add(bytes, new FrameHeader(FrameType.WindowUpdate, FrameFlags.None, id, (uint)random.Next(1_000_000)));
            Add(bytes, new FrameHeader(FrameType.WindowUpdate, random.Next(2) == 0 ? FrameFlags.Fin : FrameFlags.Rst, id, 0));
        }
        return bytes.ToArray();
    }

    private static void Add(MemoryStream bytes, FrameHeader header)
    {
        Span<byte> head = stackalloc byte[FrameHeader.Size];
        header.Write(head);
        bytes.Write(head);
        if (header.Type == FrameType.Data)
            bytes.Write(new byte[header.Length]);
    }

    private static byte[] Mutate(byte[] input, Random random)
    {
        List<byte> bytes = [.. input];
        for (int n = random.Next(4); n > 0; n--)
        {
            // Most of a conversation is bodies; the start of it is where the headers are dense.
            int at = random.Next(Math.Min(bytes.Count, random.Next(2) == 0 ? 60 : bytes.Count));
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at - 1));
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(FrameHeader.Size, bytes.Count - at)));
                    break;
            }
        }
        return [.. bytes];
    }
}

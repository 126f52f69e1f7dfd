using System.Net;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Interop.Tests.Raw;

/// <summary>What a peer that does not behave sends without end, until the host cuts it off.</summary>
internal static class Flood
{
    private const string Meshsub = "/meshsub/1.1.0";
    private const int Together = 100;
    private const int IdsPerRpc = 100;

    /// <summary>The host may still be reading what was sent.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The kinds of RPC that can flood a topic, by name.</summary>
    public static IReadOnlyDictionary<string, Func<Ed25519KeyPair, string, int, byte[]>> Rpcs { get; } =
        new Dictionary<string, Func<Ed25519KeyPair, string, int, byte[]>>
        {
            ["invalid messages"] = static (key, topic, i) =>
                RawMessage.Rpc(new RawMessage(key, topic, BitConverter.GetBytes(i)) { Signature = _ => new byte[64] }),
            ["GRAFT"] = static (_, topic, _) => RawMessage.Graft(topic),
            ["IHAVE"] = static (_, topic, i) => RawMessage.IHave(topic, Enumerable.Range(i * IdsPerRpc, IdsPerRpc).Select(RawMessage.Id)),
            ["IWANT"] = static (_, _, i) => RawMessage.IWant(Enumerable.Range(i * IdsPerRpc, IdsPerRpc).Select(RawMessage.Id)),
            ["subscriptions"] = static (_, _, i) => RawMessage.Subscribe($"topic {i}"),
        };

    /// <summary>Floods with one kind of RPC; returns when the host has cut the connection, or after so many.</summary>
    /// <returns>True if it was cut.</returns>
    public static async Task<bool> OfRpcsAsync(IPEndPoint host, string kind, string topic, int count)
    {
        var key = Ed25519KeyPair.Generate();
        await using RawYamux session = await RawYamux.ConnectAsync(host, key);
        RawStream stream = await session.OpenAsync(Meshsub);
        await stream.SendAsync(Proto.Delimited(RawMessage.Subscribe(topic)));
        foreach (int[] part in Enumerable.Range(0, count).Chunk(Together))
        {
            if (session.IsClosed || stream.IsReset)
                break;
            await stream.SendPacedAsync([.. part.SelectMany(i => Proto.Delimited(Rpcs[kind](key, topic, i)))]);
        }
        await Task.WhenAny(session.UntilClosedAsync(), Task.Delay(Patience));
        return session.IsClosed;
    }

    /// <summary>Opens so many streams and does nothing with them.</summary>
    public static async Task<bool> OfStreamsAsync(IPEndPoint host, int count)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(host);
        for (int opened = 0; opened < count && !session.IsClosed; opened += Together)
        {
            int first = opened;
            await session.SendAsync([.. Enumerable.Range(0, Together).Select(
                i => RawYamux.Frame(RawYamux.WindowUpdate, RawYamux.Syn, 1 + (2 * (uint)(first + i)), 0))]);
        }
        await Task.WhenAny(session.UntilClosedAsync(), Task.Delay(Patience));
        return session.IsClosed;
    }

    /// <summary>Joins a topic and never takes what it is sent, for a time.</summary>
    public static async Task<bool> OfNothingAsync(IPEndPoint host, string topic, TimeSpan time)
    {
        await using RawYamux session = await RawYamux.ConnectAsync(host);
        session.Reads = false;
        RawStream stream = await session.OpenAsync(Meshsub);
        await stream.SendAsync(Proto.Delimited([.. RawMessage.Subscribe(topic), .. RawMessage.Graft(topic)]));
        await Task.WhenAny(session.UntilClosedAsync(), Task.Delay(time));
        return session.IsClosed;
    }

    /// <summary>Connects and sends random bytes.</summary>
    public static async Task<bool> OfGarbageAsync(IPEndPoint host, Random random)
    {
        await using RawSocket socket = await RawSocket.ConnectAsync(host);
        byte[] garbage = new byte[4096];
        random.NextBytes(garbage);
        await socket.SendAsync(garbage);
        await socket.UntilClosedAsync();
        return true;
    }
}

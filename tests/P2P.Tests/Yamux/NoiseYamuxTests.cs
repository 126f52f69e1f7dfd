using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using P2PMiner.P2P.Identity;
using P2PMiner.P2P.Noise;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Yamux;

namespace P2PMiner.P2P.Tests.Yamux;

/// <summary>Both layers together, over real sockets.</summary>
[TestFixture]
internal sealed class NoiseYamuxTests
{
    private const int Total = 100_000_000;

    [Test]
    public async Task HundredMegabytes_GoBothWaysAtOnceUnharmed()
    {
        (SessionEnd near, SessionEnd far) = await ConnectAsync();
        await using (near)
        await using (far)
        {
            (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
            Task<byte[]> there = SendAsync(ours, seed: 1);
            Task<byte[]> back = SendAsync(theirs, seed: 2);

            byte[] atFar = await ReceiveAsync(theirs);
            byte[] atNear = await ReceiveAsync(ours);

            Assert.That(atFar, Is.EqualTo(await there.InTime()));
            Assert.That(atNear, Is.EqualTo(await back.InTime()));
            Assert.That(near.Session.StreamCount + far.Session.StreamCount, Is.Zero);
            Assert.That(near.Session.MemoryUsed + far.Session.MemoryUsed, Is.Zero);
        }
    }

    [Test]
    public async Task LossOfTheSocket_EndsBothSessions()
    {
        (SessionEnd near, SessionEnd far) = await ConnectAsync(out TaskCompletionSource<Socket> socket);
        (YamuxStream ours, YamuxStream theirs) = await near.ConnectAsync(far);
        Task<int> reading = theirs.ReadAsync(new byte[1]).AsTask();

        (await socket.Task).Close(timeout: 0);

        await near.Session.Completion.InTime();
        await far.Session.Completion.InTime();
        Assert.That(async () => await reading.InTime(), Throws.InstanceOf<IOException>());
        Assert.That(async () => await ours.WriteAsync(new byte[1]).InTime(), Throws.InstanceOf<IOException>());
    }

    internal static Task<(SessionEnd Near, SessionEnd Far)> ConnectAsync() => ConnectAsync(out _);

    private static Task<(SessionEnd Near, SessionEnd Far)> ConnectAsync(out TaskCompletionSource<Socket> dialler)
    {
        TaskCompletionSource<Socket> socket = new();
        dialler = socket;
        return Connect();

        async Task<(SessionEnd Near, SessionEnd Far)> Connect()
        {
            using TcpListener listener = new(IPAddress.Loopback, 0);
            listener.Start();
            Socket nearSocket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await nearSocket.ConnectAsync(listener.LocalEndpoint).InTime();
            Socket farSocket = await listener.AcceptSocketAsync().InTime();
            farSocket.NoDelay = true;
            socket.SetResult(nearSocket);
            Task<NoiseResult> accepted = NoiseHandshake.AcceptAsync(
                new NetworkStream(farSocket, ownsSocket: true), Ed25519KeyPair.Generate(), null, [YamuxSession.ProtocolId], default);
            NoiseResult near = await NoiseHandshake.DialAsync(
                new NetworkStream(nearSocket, ownsSocket: true), Ed25519KeyPair.Generate(), null, [YamuxSession.ProtocolId], default).InTime();
            NoiseResult far = await accepted.InTime();
            return (new SessionEnd(near.Stream, dialer: true), new SessionEnd(far.Stream, dialer: false));
        }
    }

    private static async Task<byte[]> SendAsync(Stream stream, int seed)
    {
        Random random = new(seed);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[300_000];
        random.NextBytes(buffer);
        for (int left = Total; left > 0;)
        {
            int count = Math.Min(left, random.Next(1, buffer.Length));
            hash.AppendData(buffer, 0, count);
            await stream.WriteAsync(buffer.AsMemory(0, count));
            left -= count;
        }
        await ((YamuxStream)stream).CloseWriteAsync();
        return hash.GetHashAndReset();
    }

    private static async Task<byte[]> ReceiveAsync(Stream stream)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[100_000];
        int total = 0;
        for (int count; (count = await stream.ReadAsync(buffer)) > 0; total += count)
            hash.AppendData(buffer, 0, count);
        Assert.That(total, Is.EqualTo(Total));
        return hash.GetHashAndReset();
    }
}

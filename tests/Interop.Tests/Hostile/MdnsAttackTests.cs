using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using P2PMiner.Interop.Tests.Driver;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Interop.Tests.Hostile;

/// <summary>Datagrams on the multicast group that no honest host sends; afterwards an honest one must still be found.</summary>
internal sealed class MdnsAttackTests : PeerTests
{
    private const string Service = "_p2p._udp.local";
    private const ushort Pointer = 12;
    private const ushort Text = 16;

    private static readonly IPAddress Group = IPAddress.Parse("224.0.0.251");

    [Test]
    public async Task Datagrams_ThatAreWrong_HarmNobody()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Loopback.GetAddressBytes());
        int port = ((IPEndPoint)socket.LocalEndPoint!).Port + 1;
        string[] options = ["--mdns", "--mdns-port", $"{port}", "--mdns-interval", "1000", "--mdns-dial", "--kad-mode", "off"];
        ScriptedPeer victim = await StartAsync(PeerKind.Ours, "victim", options);
        var target = new IPEndPoint(Group, port);

        foreach (byte[] datagram in Datagrams(victim.Id))
            await socket.SendToAsync(datagram, target);

        ScriptedPeer friend = await StartAsync(PeerKind.Ours, "friend", options);
        await victim.WaitAsync("mdns:peer", e => e.Text("remotePeer") == friend.Id);
        await friend.WaitAsync("mdns:peer", e => e.Text("remotePeer") == victim.Id);
        await victim.WaitAsync("peer:connect", e => e.Text("remotePeer") == friend.Id);
        Assert.That(victim.Events("mdns:peer").Select(e => e.Text("remotePeer")), Does.Not.Contain(victim.Id));
    }

    private static IEnumerable<byte[]> Datagrams(string victim)
    {
        string stranger = Ed25519KeyPair.Generate().ToPublicKey().ToPeerId().ToString();
        byte[] good = Answer($"dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/{stranger}");
        for (int length = 0; length < good.Length; length++)
            yield return good[..length];
        var random = new Random(20_261_121);
        for (int i = 0; i < 500; i++)
        {
            byte[] changed = [.. good];
            for (int n = 0; n < 3; n++)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            yield return changed;
        }
        yield return Answer($"dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/{victim}");
        yield return Answer("dnsaddr=/ip4/127.0.0.1/tcp/1");
        yield return Answer("dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/nobody");
        yield return Answer("dnsaddr=" + new string('x', 240));
        yield return [.. Header(answers: 1), 0xc0, 12, 0, 12, 0, 1];
        yield return [.. Header(answers: ushort.MaxValue), .. new byte[1000]];
        yield return new byte[9000];
        for (int i = 0; i < 2000; i++)
            yield return Answer($"dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/{Ed25519KeyPair.Generate().ToPublicKey().ToPeerId()}");
    }

    private static byte[] Answer(string text)
    {
        byte[] name = Name("hostilehostilehostilehostilehostile." + Service);
        byte[] line = Encoding.ASCII.GetBytes(text);
        return [.. Header(answers: 2), .. Record(Name(Service), Pointer, name), .. Record(name, Text, [(byte)line.Length, .. line])];
    }

    private static byte[] Header(ushort answers)
    {
        byte[] header = new byte[12];
        header[2] = 0x84;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), answers);
        return header;
    }

    private static byte[] Record(byte[] name, ushort type, byte[] data)
    {
        byte[] fixedPart = new byte[10];
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart, type);
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart.AsSpan(2), 1);
        BinaryPrimitives.WriteUInt32BigEndian(fixedPart.AsSpan(4), 120);
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart.AsSpan(8), (ushort)data.Length);
        return [.. name, .. fixedPart, .. data];
    }

    private static byte[] Name(string text) =>
        [.. text.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];
}

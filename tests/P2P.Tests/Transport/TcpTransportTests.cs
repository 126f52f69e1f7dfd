using System.Net;
using P2PMiner.P2P.Addresses;
using P2PMiner.P2P.Tests.Support;
using P2PMiner.P2P.Transport;

namespace P2PMiner.P2P.Tests.Transport;

public sealed class TcpTransportTests
{
    private readonly TcpTransport _transport = new();

    [TestCase("/ip4/127.0.0.1/tcp/0")]
    [TestCase("/ip6/::1/tcp/0")]
    public async Task Tcp_CarriesBytesBothWaysAndNamesBothEnds(string address)
    {
        await using ITransportListener listener = await _transport.ListenAsync(Multiaddr.Parse(address), CancellationToken.None);
        Task<ITransportConnection?> accepting = listener.AcceptAsync(CancellationToken.None).AsTask();
        await using ITransportConnection dialled = await _transport.DialAsync(listener.Address, CancellationToken.None).InTime();
        await using ITransportConnection accepted = (await accepting.InTime())!;

        await dialled.Stream.WriteAsync(new byte[] { 1, 2, 3 }).InTime();
        byte[] buffer = new byte[3];
        Assert.That(await accepted.Stream.ReadAsync(Array.Empty<byte>()).InTime(), Is.Zero, "waits without a buffer");
        await accepted.Stream.ReadExactlyAsync(buffer).InTime();
        await accepted.Stream.WriteAsync(buffer).InTime();
        await dialled.Stream.ReadExactlyAsync(buffer).InTime();

        Assert.That(buffer, Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(accepted.RemoteAddress, Is.EqualTo(dialled.LocalAddress));
        Assert.That(dialled.RemoteAddress, Is.EqualTo(listener.Address));
    }

    [Test]
    public async Task Tcp_SaysInOneLineWhatIsWrong()
    {
        await using ITransportListener listener = await _transport.ListenAsync(Multiaddr.Parse("/ip4/127.0.0.1/tcp/0"), CancellationToken.None);

        IOException? inUse = await Assert.ThrowsAsync<IOException>(() => _transport.ListenAsync(listener.Address, CancellationToken.None).AsTask());
        IOException? notOurs = await Assert.ThrowsAsync<IOException>(
            () => _transport.ListenAsync(Multiaddr.Parse("/ip4/8.8.8.8/tcp/0"), CancellationToken.None).AsTask());
        await listener.DisposeAsync();
        IOException? refused = await Assert.ThrowsAsync<IOException>(() => _transport.DialAsync(listener.Address, CancellationToken.None).AsTask());

        Assert.That(inUse!.Message, Is.EqualTo($"cannot listen on {listener.Address}: the address is in use"));
        Assert.That(notOurs!.Message, Does.EndWith("this machine has no such address"));
        Assert.That(refused!.Message, Is.EqualTo($"{listener.Address}: connection refused"));
    }

    [Test]
    public async Task Tcp_ListensAgainOnAPortWhoseConnectionsJustEnded()
    {
        Multiaddr address;
        await using (ITransportListener first = await _transport.ListenAsync(Multiaddr.Parse("/ip4/127.0.0.1/tcp/0"), CancellationToken.None))
        {
            address = first.Address;
            Task<ITransportConnection?> accepting = first.AcceptAsync(CancellationToken.None).AsTask();
            await using ITransportConnection dialled = await _transport.DialAsync(address, CancellationToken.None).InTime();
            // The side that closes first keeps the port in TIME_WAIT.
            await (await accepting.InTime())!.DisposeAsync();
            await dialled.Stream.ReadAsync(new byte[1]).InTime();
        }

        await using ITransportListener second = await _transport.ListenAsync(address, CancellationToken.None);
        Assert.That(second.Address, Is.EqualTo(address));
    }

    [Test]
    public async Task Tcp_ListensOnBothWildcardsWithOnePort()
    {
        await using ITransportListener six = await _transport.ListenAsync(Multiaddr.Parse("/ip6/::/tcp/0"), CancellationToken.None);
        int port = six.Address.TcpPort!.Value;
        await using ITransportListener four = await _transport.ListenAsync(Multiaddr.Parse($"/ip4/0.0.0.0/tcp/{port}"), CancellationToken.None);

        IReadOnlyList<Multiaddr> resolved = ListenAddressResolver.Resolve(
            [four.Address, six.Address],
            static () => [IPAddress.Loopback, IPAddress.Parse("192.168.7.7"), IPAddress.IPv6Loopback, IPAddress.Parse("2a00::7")]);

        Assert.That(resolved.Select(address => address.ToString()), Is.EqualTo(new[]
        {
            $"/ip4/192.168.7.7/tcp/{port}", $"/ip4/127.0.0.1/tcp/{port}", $"/ip6/2a00::7/tcp/{port}", $"/ip6/::1/tcp/{port}",
        }));
        Assert.That(ListenAddressResolver.OwnAddresses(), Does.Contain(IPAddress.Loopback));
    }

    [Test]
    public async Task Tcp_DisposingAListenerEndsItsAccept()
    {
        ITransportListener listener = await _transport.ListenAsync(Multiaddr.Parse("/ip4/127.0.0.1/tcp/0"), CancellationToken.None);
        Task<ITransportConnection?> accepting = listener.AcceptAsync(CancellationToken.None).AsTask();
        await listener.DisposeAsync();

        Assert.That(await accepting.InTime(), Is.Null);
    }

    [TestCase("/ip4/1.2.3.4/tcp/5", true)]
    [TestCase("/ip6/::1/tcp/5", true)]
    [TestCase("/ip4/1.2.3.4/udp/5/quic-v1", false)]
    [TestCase("/ip4/1.2.3.4/tcp/5/ws", false)]
    [TestCase("/dns4/example.test/tcp/5", false)]
    public void Tcp_TakesItsOwnAddressesOnly(string address, bool handles) =>
        Assert.That(_transport.Handles(Multiaddr.Parse(address)), Is.EqualTo(handles));
}

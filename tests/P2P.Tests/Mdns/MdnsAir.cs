using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using P2PMiner.P2P.Mdns;

namespace P2PMiner.P2P.Tests.Mdns;

/// <summary>A network segment in memory: what one member sends, all get, itself included. It can be taken down.</summary>
internal sealed class MdnsAir
{
    private const int Backlog = 1000;

    private readonly Lock _lock = new();
    private readonly List<Member> _members = [];
    private readonly List<(IPAddress Source, DnsMessage Message)> _sent = [];
    private bool _isDown;

    /// <summary>Everything sent so far.</summary>
    public IReadOnlyList<(IPAddress Source, DnsMessage Message)> Sent
    {
        get
        {
            lock (_lock)
                return [.. _sent];
        }
    }

    /// <summary>How often somebody joined.</summary>
    public int Joins { get; private set; }

    public int Members
    {
        get
        {
            lock (_lock)
                return _members.Count;
        }
    }

    /// <summary>While it is down, members fail and none can join.</summary>
    public bool IsDown
    {
        get => _isDown;
        set
        {
            lock (_lock)
            {
                _isDown = value;
                foreach (Member member in value ? _members : [])
                    member.Fail();
            }
        }
    }

    public IMdnsSocket Join(IPAddress address)
    {
        lock (_lock)
        {
            if (_isDown)
                throw new SocketException((int)SocketError.NetworkDown);
            Member member = new(this, address);
            _members.Add(member);
            Joins++;
            return member;
        }
    }

    public void Send(IPAddress source, ReadOnlySpan<byte> packet)
    {
        lock (_lock)
        {
            if (DnsDecoder.TryDecode(packet, out DnsMessage? message))
                _sent.Add((source, message));
            foreach (Member member in _members)
                member.Deliver(packet.ToArray(), source);
        }
    }

    private void Leave(Member member)
    {
        lock (_lock)
            _members.Remove(member);
    }

    private sealed class Member(MdnsAir air, IPAddress address) : IMdnsSocket
    {
        private readonly Channel<(byte[] Packet, IPAddress Source)> _incoming = Channel.CreateBounded<(byte[], IPAddress)>(Backlog);

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
        {
            if (air.IsDown)
                throw new SocketException((int)SocketError.NetworkUnreachable);
            air.Send(address, message.Span);
            return ValueTask.CompletedTask;
        }

        public async ValueTask<(int Size, IPAddress Source)> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            if (!await _incoming.Reader.WaitToReadAsync(cancellation) || !_incoming.Reader.TryRead(out (byte[], IPAddress) received))
                throw new SocketException((int)SocketError.NetworkDown);
            (byte[] packet, IPAddress source) = received;
            int size = Math.Min(packet.Length, buffer.Length);
            packet.AsMemory(0, size).CopyTo(buffer);
            return (size, source);
        }

        public void Deliver(byte[] packet, IPAddress source) => _incoming.Writer.TryWrite((packet, source));

        public void Fail() => _incoming.Writer.TryComplete();

        public void Dispose() => air.Leave(this);
    }
}

using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace P2PMiner.P2P.Mdns;

/// <summary>What to do with a message that came in on a link.</summary>
internal delegate void MdnsReceiver(MdnsLink link, DnsMessage message, IPAddress source);

/// <summary>Writes a message and returns its size; 0 if there is none to send.</summary>
internal delegate int MdnsWrite(Span<byte> buffer);

/// <summary>One socket on one interface, and the loop that reads it. After its first failure it only waits to be disposed.</summary>
internal sealed class MdnsLink : IAsyncDisposable
{
    /// <summary>More than a network of a thousand hosts sends; what comes above is dropped unread.</summary>
    private const int MaxPacketsPerSecond = 500;

    private readonly IMdnsSocket _socket;
    private readonly MdnsReceiver _receiver;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly MdnsRate _rate;
    private readonly byte[] _sending = new byte[MdnsWriter.MaxSize];
    private readonly Task _receiving;

    public MdnsLink(
        MdnsInterface place, IMdnsSocket socket, MdnsSchedule schedule, MdnsReceiver receiver, TimeProvider time, ILogger logger)
    {
        Place = place;
        Schedule = schedule;
        _socket = socket;
        _receiver = receiver;
        _logger = logger;
        _rate = new MdnsRate(time, MaxPacketsPerSecond);
        _receiving = Task.Run(ReceiveAsync);
    }

    public MdnsInterface Place { get; }

    public MdnsSchedule Schedule { get; }

    /// <summary>Why the link is of no use any more, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>True when nothing is received any more.</summary>
    public bool HasEnded => _receiving.IsCompleted;

    /// <summary>Sends what <paramref name="write"/> puts into the buffer, if that is anything. One call at a time.</summary>
    public async ValueTask SendAsync(MdnsWrite write)
    {
        int size = write(_sending);
        if (size == 0 || Failure is not null)
            return;
        try
        {
            await _socket.SendAsync(_sending.AsMemory(0, size), _stop.Token).ConfigureAwait(false);
            MdnsMetrics.Sent.Add(1);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.NoBufferSpaceAvailable or SocketError.WouldBlock)
        {
            // The queue of the interface is full: this packet is lost like any other, and the next one comes soon.
            MdnsMetrics.Dropped.Add(1);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Failure ??= e.Message;
            await _stop.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Leaves the group; fails if the loop met something that nobody expected.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _receiving.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task ReceiveAsync()
    {
        // One byte more than allowed, to see that a packet was longer.
        byte[] buffer = new byte[DnsMessage.MaxSize + 1];
        try
        {
            while (true)
            {
                (int size, IPAddress source) = await _socket.ReceiveAsync(buffer, _stop.Token).ConfigureAwait(false);
                Receive(buffer.AsSpan(0, size), source);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Failure ??= e.Message;
        }
    }

    private void Receive(ReadOnlySpan<byte> packet, IPAddress source)
    {
        if (!_rate.TryTake())
        {
            MdnsMetrics.Dropped.Add(1);
            return;
        }
        MdnsMetrics.Received.Add(1);
        if (DnsDecoder.TryDecode(packet, out DnsMessage? message))
            _receiver(this, message, source);
        else
            MdnsLog.Malformed(_logger, source);
    }
}

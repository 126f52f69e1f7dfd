using System.Net;
using System.Net.Sockets;
using System.Text;

namespace P2PMiner.Interop.Tests.Raw;

/// <summary>A TCP connection to a host under attack, with the words of multistream-select and nothing above it.</summary>
internal sealed class RawSocket : IAsyncDisposable
{
    public const string Multistream = "/multistream/1.0.0";

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private RawSocket()
    {
    }

    public static async Task<RawSocket> ConnectAsync(IPEndPoint host)
    {
        var raw = new RawSocket();
        await InTime.DoAsync(token => raw._socket.ConnectAsync(host, token).AsTask(), "connect");
        return raw;
    }

    /// <summary>One message of multistream-select: length, text, newline.</summary>
    public static byte[] Line(string text)
    {
        byte[] body = Encoding.UTF8.GetBytes(text + "\n");
        return [.. Varint((ulong)body.Length), .. body];
    }

    public static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }

    /// <summary>Writes; a host that has closed already is no error, because the test then sees just that.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await InTime.DoAsync(
                async token =>
                {
                    while (bytes.Length > 0)
                        bytes = bytes[await _socket.SendAsync(bytes, token)..];
                },
                "send");
        }
        catch (SocketException)
        {
            // Seen by the next read.
        }
    }

    public async Task SendLineAsync(string text) => await SendAsync(Line(text));

    /// <summary>Says that no more will come, and goes on reading.</summary>
    public void ShutDownSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <returns>The next bytes, or none if the host closed the connection, in order or not.</returns>
    public async Task<byte[]> ReadSomeAsync(CancellationToken cancellation)
    {
        byte[] buffer = new byte[65_536];
        try
        {
            return buffer[..await _socket.ReceiveAsync(buffer, cancellation)];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    /// <exception cref="EndOfStreamException">The host closed the connection before.</exception>
    public Task<byte[]> ReadExactlyAsync(int count) => InTime.DoAsync(token => ReadExactlyAsync(count, token), $"read {count} bytes");

    public async Task<byte[]> ReadExactlyAsync(int count, CancellationToken cancellation)
    {
        byte[] buffer = new byte[count];
        for (int done = 0; done < count;)
        {
            int read;
            try
            {
                read = await _socket.ReceiveAsync(buffer.AsMemory(done), cancellation);
            }
            catch (SocketException problem)
            {
                throw new EndOfStreamException("reset by the host", problem);
            }
            done += read > 0 ? read : throw new EndOfStreamException("closed by the host");
        }
        return buffer;
    }

    /// <returns>The next message of multistream-select, without its newline.</returns>
    public async Task<string> ReadLineAsync()
    {
        int length = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = (await ReadExactlyAsync(1))[0];
            length |= (next & 0x7f) << shift;
            if (next < 0x80)
                break;
        }
        return Encoding.UTF8.GetString(await ReadExactlyAsync(length)).TrimEnd('\n');
    }

    /// <exception cref="InvalidDataException">The host said something else.</exception>
    public async Task ExpectLinesAsync(params string[] lines)
    {
        foreach (string line in lines)
            Expect(line, await ReadLineAsync());
    }

    /// <exception cref="InvalidDataException">They differ.</exception>
    public static void Expect(string expected, string actual)
    {
        if (actual != expected)
            throw new InvalidDataException($"the host said '{actual}' and not '{expected}'");
    }

    /// <summary>Returns when the host has closed the connection; whatever it still sends is dropped.</summary>
    public Task UntilClosedAsync() => InTime.DoAsync(
        async token =>
        {
            while ((await ReadSomeAsync(token)).Length > 0)
            {
                // What is said before the end does not matter.
            }
        },
        "the host closes the connection");

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}

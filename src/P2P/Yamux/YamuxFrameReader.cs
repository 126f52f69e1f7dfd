using System.Buffers;
using P2PMiner.P2P.Network;

namespace P2PMiner.P2P.Yamux;

/// <summary>Reads a secured stream and cuts it into frames. Bodies are handed on as they come, whatever length their headers claim.</summary>
/// <remarks>A large buffer is borrowed while something comes; what rests when the stream is quiet is at most a part of a header.</remarks>
internal sealed class YamuxFrameReader(Stream secure, IFrameSink sink, TimeProvider time)
{
    /// <summary>Takes the content of two Noise frames of full length.</summary>
    internal const int BufferSize = 128 * 1024;

    private readonly byte[] _header = new byte[FrameHeader.Size];
    private int _headerLength;
    private YamuxStream? _stream;
    private FrameFlags _flags;
    private uint _bodyLeft;
    private long _reads;

    /// <summary>How often something was read: shows that the remote is alive.</summary>
    internal long Reads => Volatile.Read(ref _reads);

    /// <summary>Reads to the end of the stream.</summary>
    /// <param name="cancellation">Ends a pause; the stream itself ends by being disposed.</param>
    /// <exception cref="YamuxException">The remote broke the protocol.</exception>
    /// <exception cref="EndOfStreamException">The stream ended within a frame.</exception>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        byte[]? buffer = null;
        try
        {
            while (true)
            {
                ValueTask<int> ready = secure.ReadAsync(Memory<byte>.Empty, CancellationToken.None);
                if (!ready.IsCompleted)
                    Return(ref buffer);
                await ready.ConfigureAwait(false);
                buffer ??= ArrayPool<byte>.Shared.Rent(BufferSize);
                int count = await secure.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false);
                if (count == 0)
                    break;
                Volatile.Write(ref _reads, _reads + 1);
                P2PMetrics.BytesReceived.Add(count);
                Cut(buffer.AsSpan(0, count));
                TimeSpan pause = sink.OnReadEnd();
                if (pause > TimeSpan.Zero)
                    await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            Return(ref buffer);
        }
        if (_headerLength > 0 || _bodyLeft > 0)
            throw new EndOfStreamException("the connection ended within a frame");
    }

    /// <summary>Takes the next bytes, however they are cut.</summary>
    internal void Cut(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_bodyLeft > 0)
                bytes = CutBody(bytes);
            else if (_headerLength == 0 && bytes.Length >= FrameHeader.Size)
                bytes = CutFrame(bytes, bytes);
            else
                bytes = CutHeader(bytes);
        }
    }

    private ReadOnlySpan<byte> CutBody(ReadOnlySpan<byte> bytes)
    {
        int count = (int)Math.Min((uint)bytes.Length, _bodyLeft);
        _bodyLeft -= (uint)count;
        if (_stream is not null)
            sink.OnBody(_stream, bytes[..count]);
        if (_bodyLeft == 0)
            EndBody();
        return bytes[count..];
    }

    private ReadOnlySpan<byte> CutHeader(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(bytes.Length, FrameHeader.Size - _headerLength);
        bytes[..count].CopyTo(_header.AsSpan(_headerLength));
        _headerLength += count;
        if (_headerLength < FrameHeader.Size)
            return [];
        _headerLength = 0;
        CutFrame(_header, _header);
        return bytes[count..];
    }

    private ReadOnlySpan<byte> CutFrame(ReadOnlySpan<byte> source, ReadOnlySpan<byte> bytes)
    {
        FrameHeader header = FrameHeader.Read(source);
        if (header.Type != FrameType.Data)
        {
            sink.OnControl(header);
            return bytes[FrameHeader.Size..];
        }
        _stream = sink.OnData(header);
        _flags = header.Flags;
        _bodyLeft = header.Length;
        if (_bodyLeft == 0)
            EndBody();
        return bytes[FrameHeader.Size..];
    }

    private void EndBody()
    {
        if (_stream is { } stream)
            sink.OnBodyEnd(stream, _flags);
        _stream = null;
    }

    private static void Return(ref byte[]? buffer)
    {
        if (buffer is not null)
            ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
    }
}

using System.Buffers;
using System.Threading.Channels;

namespace P2PMiner.Peer;

/// <summary>The lines of stdin, read on a thread of their own: reading a pipe cannot be cancelled, but a thread can be left behind.</summary>
internal sealed class InputLines(Stream input)
{
    /// <summary>Longest line in bytes; of a longer one only its end is looked for.</summary>
    public const int MaxLineBytes = 64 * 1024 * 1024;

    private const int BufferSize = 64 * 1024;
    private const int MaxAhead = 16;

    private readonly Channel<byte[]?> _lines = Channel.CreateBounded<byte[]?>(MaxAhead);
    private ArrayBufferWriter<byte> _line = new();
    private bool _tooLong;

    /// <summary>Begins to read.</summary>
    /// <returns>The lines without their ends, null for one that is too long; completed at the end of the input.</returns>
    public ChannelReader<byte[]?> Start()
    {
        new Thread(Read) { IsBackground = true, Name = "stdin" }.Start();
        return _lines.Reader;
    }

    private void Read()
    {
        byte[] buffer = new byte[BufferSize];
        try
        {
            int count;
            while ((count = input.Read(buffer)) > 0)
                Split(buffer.AsSpan(0, count));
        }
        catch (IOException e)
        {
            // As good as its end: there is nobody to take commands from.
            Console.Error.WriteLine($"p2p-peer: stdin is gone: {e.Message}");
        }
        if (_line.WrittenCount > 0 || _tooLong)
            Complete();
        _lines.Writer.Complete();
    }

    private void Split(ReadOnlySpan<byte> bytes)
    {
        int end;
        while ((end = bytes.IndexOf((byte)'\n')) >= 0)
        {
            Append(bytes[..end]);
            Complete();
            bytes = bytes[(end + 1)..];
        }
        Append(bytes);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        _tooLong |= _line.WrittenCount + bytes.Length > MaxLineBytes;
        if (!_tooLong)
            _line.Write(bytes);
    }

    private void Complete()
    {
        byte[]? line = _tooLong ? null : _line.WrittenSpan.ToArray();
        if (_line.Capacity > BufferSize)
            _line = new ArrayBufferWriter<byte>();
        _line.ResetWrittenCount();
        _tooLong = false;
        _lines.Writer.WriteAsync(line).AsTask().GetAwaiter().GetResult();
    }
}

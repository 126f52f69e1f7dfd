using System.Buffers;
using System.Text;
using P2PMiner.P2P.Multiformats;
using P2PMiner.P2P.Streams;

namespace P2PMiner.P2P.Negotiation;

/// <summary>
/// One line of multistream-select: length as a varint, counting the newline; text in UTF-8; newline
/// (libp2p/specs, connections/README.md, "multistream-select").
/// </summary>
/// <remarks>
/// <code>
/// +--------+--------------------+------+
/// | length | text               | '\n' |      length = bytes of text + 1, at most 1024
/// +--------+--------------------+------+
/// </code>
/// </remarks>
internal static class MultistreamMessage
{
    /// <summary>The greatest length accepted or sent; other implementations draw the line there too.</summary>
    internal const int MaxLength = 1024;

    /// <summary>Room for the longest message with its prefix.</summary>
    internal const int MaxSize = PrefixSize + MaxLength;

    internal const string Header = "/multistream/1.0.0";

    internal const string NotAvailable = "na";

    internal const string List = "ls";

    // 1024 takes two bytes as a varint, and the shortest message has two bytes.
    private const int PrefixSize = 2;

    // Text of the remote that is shown in messages of errors.
    private const int ShownLength = 64;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes a message and returns its size with the prefix.</summary>
    /// <exception cref="ArgumentException">The text is too long.</exception>
    internal static int Write(Span<byte> destination, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text) + 1;
        if (length > MaxLength)
            throw new ArgumentException($"a protocol id of {length - 1} bytes is too long", nameof(text));
        int size = Varint.Write(destination, (ulong)length);
        size += Encoding.UTF8.GetBytes(text, destination[size..]);
        destination[size] = (byte)'\n';
        return size + 1;
    }

    /// <summary>Reads one message, and not a byte of what follows.</summary>
    /// <returns>The text without its newline.</returns>
    /// <exception cref="ProtocolException">The message is malformed or too long.</exception>
    /// <exception cref="EndOfStreamException">The stream ends before the end of the message.</exception>
    internal static async ValueTask<string> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MaxSize);
        try
        {
            // Two bytes belong to every message: a prefix of two, or a prefix of one and the newline at least.
            int filled = await stream.ReadAsync(buffer.AsMemory(0, PrefixSize), cancellation).ConfigureAwait(false);
            if (filled == 0)
                throw new EndOfStreamException("the stream ended while a protocol was being negotiated");
            if (filled < PrefixSize && !IsEmptyMessage(buffer[0]))
            {
                await stream.ReadExactlyAsync(buffer.AsMemory(filled, PrefixSize - filled), cancellation).ConfigureAwait(false);
                filled = PrefixSize;
            }
            int size = Size(buffer.AsSpan(0, filled), out int prefix);
            await stream.ReadExactlyAsync(buffer.AsMemory(PrefixSize, size - PrefixSize), cancellation).ConfigureAwait(false);
            return Text(buffer.AsSpan(prefix, size - prefix));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What a remote sent, cut and cleaned for a message of an error.</summary>
    internal static string Shown(string text)
    {
        string shown = text.Length > ShownLength ? text[..ShownLength] + "…" : text;
        return string.Create(shown.Length, shown, static (characters, source) =>
        {
            for (int i = 0; i < characters.Length; i++)
                characters[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) ? '?' : source[i];
        });
    }

    private static bool IsEmptyMessage(byte first) => first == 0;

    /// <summary>The size of the message that begins with these bytes, prefix included.</summary>
    private static int Size(ReadOnlySpan<byte> start, out int prefix)
    {
        VarintStatus status = Varint.Read(start, out ulong length, out prefix);
        if (status != VarintStatus.Done || length is 0 or > MaxLength)
            throw new ProtocolException("the remote does not speak multistream-select: its message has no valid length");
        return prefix + (int)length;
    }

    private static string Text(ReadOnlySpan<byte> line)
    {
        if (line[^1] != '\n')
            throw new ProtocolException("the remote does not speak multistream-select: its message does not end in a newline");
        try
        {
            return StrictUtf8.GetString(line[..^1]);
        }
        catch (DecoderFallbackException)
        {
            throw new ProtocolException("the remote does not speak multistream-select: its message is not UTF-8");
        }
    }
}

using System.Buffers.Binary;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// Writes a multicast DNS message into a buffer of the caller, part by part: questions, answers, additionals. What does not
/// fit is left out whole, and the caller told.
/// </summary>
internal ref struct DnsEncoder
{
    private const int QuestionCount = 4;
    private const int AnswerCount = 6;
    private const int AdditionalCount = 10;
    private const ushort ClassInternet = 1;

    // Response and authoritative answer (RFC 6762 §18.4).
    private const ushort ResponseFlags = 0x8400;

    private readonly Span<byte> _buffer;

    /// <param name="buffer">At least <see cref="DnsMessage.HeaderSize"/> bytes.</param>
    /// <param name="isResponse">Else a query.</param>
    public DnsEncoder(Span<byte> buffer, bool isResponse)
    {
        _buffer = buffer;
        buffer[..DnsMessage.HeaderSize].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], isResponse ? ResponseFlags : (ushort)0);
        Size = DnsMessage.HeaderSize;
    }

    /// <summary>Bytes written so far.</summary>
    public int Size { get; private set; }

    public bool TryAddQuestion(string name, DnsType type)
    {
        Span<byte> rest = _buffer[Size..];
        int length = DnsName.Write(rest, name);
        if (length == 0 || rest.Length < length + 4)
            return false;
        BinaryPrimitives.WriteUInt16BigEndian(rest[length..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(rest[(length + 2)..], ClassInternet);
        Size += length + 4;
        Count(QuestionCount);
        return true;
    }

    public bool TryAddPtrAnswer(string name, string target, uint ttl)
    {
        Span<byte> data = stackalloc byte[DnsName.MaxSize];
        int length = DnsName.Write(data, target);
        return TryAddRecord(AnswerCount, name, DnsType.Ptr, ttl, data[..length]);
    }

    /// <param name="name">Name of the record.</param>
    /// <param name="text">Its only string, of up to 255 bytes.</param>
    /// <param name="ttl">In seconds.</param>
    /// <param name="additional">Else an answer.</param>
    public bool TryAddTxt(string name, scoped ReadOnlySpan<byte> text, uint ttl, bool additional)
    {
        Span<byte> data = stackalloc byte[1 + byte.MaxValue];
        data[0] = checked((byte)text.Length);
        text.CopyTo(data[1..]);
        return TryAddRecord(additional ? AdditionalCount : AnswerCount, name, DnsType.Txt, ttl, data[..(1 + text.Length)]);
    }

    private bool TryAddRecord(int counter, string name, DnsType type, uint ttl, scoped ReadOnlySpan<byte> data)
    {
        Span<byte> rest = _buffer[Size..];
        int length = DnsName.Write(rest, name);
        if (length == 0 || rest.Length < length + 10 + data.Length)
            return false;
        rest = rest[length..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], ClassInternet);
        BinaryPrimitives.WriteUInt32BigEndian(rest[4..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(rest[8..], (ushort)data.Length);
        data.CopyTo(rest[10..]);
        Size += length + 10 + data.Length;
        Count(counter);
        return true;
    }

    private readonly void Count(int counter)
    {
        Span<byte> count = _buffer[counter..];
        BinaryPrimitives.WriteUInt16BigEndian(count, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(count) + 1));
    }
}

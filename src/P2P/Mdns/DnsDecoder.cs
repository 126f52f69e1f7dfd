using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// Reads DNS messages from the network, multicast ones and answers of name servers (RFC 1035 §4.1):
/// <code>
/// 0      2      4         6        8          10            12
/// +------+------+---------+--------+----------+-------------+-----------+---------+-------------+-------------+
/// | id   | flags| # quest.| # ans. | # author.| # additional| questions | answers | authorities | additionals |
/// +------+------+---------+--------+----------+-------------+-----------+---------+-------------+-------------+
/// question: name, type (2), class (2)      record: name, type (2), class (2), ttl (4), length (2), data
/// </code>
/// All numbers are big endian. Work and memory are bounded by the size of the message, and that by the caller's buffer.
/// </summary>
internal static class DnsDecoder
{
    /// <summary>Questions and records of a message that is read at all: names can be much longer than what they take up in it.</summary>
    public const int MaxEntries = 128;

    private const int ResponseFlag = 0x8000;

    /// <summary>Operation and response code, which must be zero (RFC 6762 §18.3, §18.11).</summary>
    private const int CodeBits = 0x780F;

    private const int ClassInternet = 1;
    private const int ClassAny = 255;

    /// <summary>The upper bit of a class asks for a unicast answer or a cache flush (RFC 6762 §18.12, §18.13).</summary>
    private const int ClassBits = 0x7FFF;

    public static bool TryDecode(ReadOnlySpan<byte> message, [NotNullWhen(true)] out DnsMessage? decoded)
    {
        decoded = null;
        if (message.Length is < DnsMessage.HeaderSize or > DnsMessage.MaxSize)
            return false;
        int flags = Number(message, 2);
        if ((flags & CodeBits) != 0)
            return false;
        if (Number(message, 4) + Number(message, 6) + Number(message, 8) + Number(message, 10) > MaxEntries)
            return false;
        int offset = DnsMessage.HeaderSize;
        if (!TryReadQuestions(message, ref offset, Number(message, 4), out List<DnsQuestion>? questions)
            || !TryReadRecords(message, ref offset, Number(message, 6), out List<DnsRecord>? answers)
            || !TryReadRecords(message, ref offset, Number(message, 8), out _)
            || !TryReadRecords(message, ref offset, Number(message, 10), out List<DnsRecord>? additionals))
            return false;
        decoded = new DnsMessage((flags & ResponseFlag) != 0, questions, answers, additionals);
        return true;
    }

    private static bool TryReadQuestions(
        ReadOnlySpan<byte> message, ref int offset, int count, [NotNullWhen(true)] out List<DnsQuestion>? questions)
    {
        questions = null;
        List<DnsQuestion> read = [];
        for (int i = 0; i < count; i++)
        {
            if (!DnsName.TryRead(message, ref offset, out string? name) || message.Length - offset < 4)
                return false;
            var type = (DnsType)Number(message, offset);
            int @class = Number(message, offset + 2) & ClassBits;
            offset += 4;
            if (@class is ClassInternet or ClassAny)
                read.Add(new DnsQuestion(name, type));
        }
        questions = read;
        return true;
    }

    private static bool TryReadRecords(
        ReadOnlySpan<byte> message, ref int offset, int count, [NotNullWhen(true)] out List<DnsRecord>? records)
    {
        records = null;
        List<DnsRecord> read = [];
        for (int i = 0; i < count; i++)
        {
            if (!TryReadRecord(message, ref offset, out DnsRecord? record))
                return false;
            if (record is not null)
                read.Add(record);
        }
        records = read;
        return true;
    }

    /// <summary><paramref name="record"/> is null for one of another class than IN.</summary>
    private static bool TryReadRecord(ReadOnlySpan<byte> message, ref int offset, out DnsRecord? record)
    {
        record = null;
        const int fixedSize = 10;
        if (!DnsName.TryRead(message, ref offset, out string? name) || message.Length - offset < fixedSize)
            return false;
        var type = (DnsType)Number(message, offset);
        int @class = Number(message, offset + 2) & ClassBits;
        uint ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(offset + 4)..]);
        int start = offset + fixedSize;
        int end = start + Number(message, offset + 8);
        if (end > message.Length)
            return false;
        offset = end;
        if (@class != ClassInternet)
            return true;
        string? target = null;
        IReadOnlyList<byte[]>? texts = null;
        if (type == DnsType.Ptr)
        {
            // A target may point to before its record, but must not run over the record's end.
            if (!DnsName.TryRead(message[..end], ref start, out target) || start != end)
                return false;
        }
        else if (type == DnsType.Txt && !TryReadTexts(message[start..end], out texts))
        {
            return false;
        }
        record = new DnsRecord(name, type, ttl, target, texts);
        return true;
    }

    private static bool TryReadTexts(ReadOnlySpan<byte> data, [NotNullWhen(true)] out IReadOnlyList<byte[]>? texts)
    {
        texts = null;
        List<byte[]> read = [];
        while (!data.IsEmpty)
        {
            int length = data[0];
            if (length >= data.Length)
                return false;
            read.Add(data.Slice(1, length).ToArray());
            data = data[(1 + length)..];
        }
        texts = read;
        return true;
    }

    private static int Number(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);
}

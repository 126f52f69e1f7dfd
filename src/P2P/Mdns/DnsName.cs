using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace P2PMiner.P2P.Mdns;

/// <summary>
/// Domain names (RFC 1035 §3.1, §4.1.4). On the wire: labels of 1 to 63 bytes, each after its length, ended by the byte 0;
/// or, anywhere in place of the rest, a pointer of two bytes, 11xxxxxx xxxxxxxx, to an earlier place in the message.
/// </summary>
internal static class DnsName
{
    public const int MaxLabel = 63;

    /// <summary>Of a whole name on the wire, lengths and final 0 included.</summary>
    public const int MaxSize = 255;

    private const int PointerBits = 0xC0;

    /// <summary>
    /// Reads the name at <paramref name="offset"/> of a message and moves behind it. A dot or backslash inside a label stands
    /// after a backslash; bytes that are not ASCII become the characters of the same number, which no name of ours has.
    /// </summary>
    /// <returns>False if the name is cut off, too long, or points anywhere but backwards.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int offset, [NotNullWhen(true)] out string? name)
    {
        name = null;
        var text = new StringBuilder();
        int size = 1;
        int position = offset;
        // Every pointer must lead to before the place where the present run of labels began, so the walk ends.
        int runStart = offset;
        int? end = null;
        while (position < message.Length)
        {
            int length = message[position];
            if (length == 0)
            {
                offset = end ?? position + 1;
                name = text.ToString();
                return true;
            }
            if ((length & PointerBits) == PointerBits)
            {
                if (position + 1 >= message.Length)
                    return false;
                int target = (length & ~PointerBits) << 8 | message[position + 1];
                if (target >= runStart)
                    return false;
                end ??= position + 2;
                position = runStart = target;
                continue;
            }
            size += 1 + length;
            if (length > MaxLabel || size > MaxSize || position + 1 + length > message.Length)
                return false;
            Append(text, message.Slice(position + 1, length));
            position += 1 + length;
        }
        return false;
    }

    /// <summary>Writes a name without compression.</summary>
    /// <returns>The bytes written; 0 if <paramref name="destination"/> is too small.</returns>
    /// <exception cref="ArgumentException">Not a name as <see cref="IsValid"/> has it.</exception>
    public static int Write(Span<byte> destination, string name)
    {
        if (!IsValid(name))
            throw new ArgumentException($"'{name}' is no name of labels of 1 to {MaxLabel} letters", nameof(name));
        int size = name.Length + 2;
        if (destination.Length < size)
            return 0;
        int position = 0;
        foreach (Range label in name.AsSpan().Split('.'))
        {
            (int start, int length) = label.GetOffsetAndLength(name.Length);
            destination[position] = (byte)length;
            Encoding.ASCII.GetBytes(name.AsSpan(start, length), destination[(position + 1)..]);
            position += 1 + length;
        }
        destination[position] = 0;
        return size;
    }

    /// <summary>True for a name that can be written: labels of 1 to 63 printable ASCII characters but backslash, with dots between.</summary>
    public static bool IsValid(string name)
    {
        if (name.Length is 0 or > MaxSize - 2 || !Ascii.IsValid(name) || name.Any(c => c is <= ' ' or '\\' or '\x7f'))
            return false;
        return name.Split('.').All(label => label.Length is > 0 and <= MaxLabel);
    }

    /// <summary>True if two names differ in no more than the case of letters (RFC 6762 §16).</summary>
    public static bool Same(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);

    private static void Append(StringBuilder text, ReadOnlySpan<byte> label)
    {
        if (text.Length > 0)
            text.Append('.');
        foreach (byte letter in label)
        {
            if (letter is (byte)'.' or (byte)'\\')
                text.Append('\\');
            text.Append((char)letter);
        }
    }
}

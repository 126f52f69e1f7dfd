using System.Text;

namespace P2PMiner.Node.Tests.Sources.Monero;

/// <summary>Seeded damage to bytes that a parser has to withstand.</summary>
internal sealed class Mutation(int seed)
{
    private static readonly byte[][] Tokens = [.. new[]
    {
        "null", "true", "-1", "1e999", "18446744073709551616", "340282366920938463463374607431768211456", "\"\"", "{}", "[]",
        "[[[[[[[[[[[[", "\"\\ud800\"", "\"\\u0000\"", "\0", "\"0x\"", ",", "\"", "}", "0", "00", "ff", "\"status\":\"OK\"", "é",
    }.Select(Encoding.UTF8.GetBytes)];

    private readonly Random _random = new(seed);

    /// <summary>A copy with one to four kinds of damage, at most a little longer than the original.</summary>
    public byte[] Apply(byte[] original)
    {
        List<byte> bytes = [.. original];
        for (int round = _random.Next(1, 5); round > 0 && bytes.Count > 0; round--)
            ApplyOne(bytes);
        return [.. bytes];
    }

    private void ApplyOne(List<byte> bytes)
    {
        int position = _random.Next(bytes.Count);
        int length = Math.Min(_random.Next(1, 20), bytes.Count - position);
        switch (_random.Next(7))
        {
            case 0:
                bytes[position] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[position] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(position, length);
                break;
            case 3:
                bytes.RemoveRange(position, bytes.Count - position);
                break;
            case 4:
                bytes.InsertRange(_random.Next(bytes.Count), bytes.GetRange(position, length));
                break;
            case 5:
                bytes.InsertRange(position, Tokens[_random.Next(Tokens.Length)]);
                break;
            default:
                ReplaceValue(bytes, position);
                break;
        }
    }

    /// <summary>Puts another token where a JSON value stands, which keeps the rest readable.</summary>
    private void ReplaceValue(List<byte> bytes, int position)
    {
        int colon = bytes.IndexOf((byte)':', position);
        if (colon < 0)
            return;
        int end = bytes.FindIndex(colon, value => value is (byte)',' or (byte)'}');
        if (end < 0)
            return;
        bytes.RemoveRange(colon + 1, end - colon - 1);
        bytes.InsertRange(colon + 1, Tokens[_random.Next(Tokens.Length)]);
    }
}

namespace P2PMiner.Node.Tests.ShareChain;

/// <summary>Damage as disks, networks and attackers do it.</summary>
internal static class Mutation
{
    /// <summary>One to four changes: a flipped bit, another byte, a cut, an insertion, a repeated or a zeroed stretch.</summary>
    public static byte[] Of(byte[] original, Random random)
    {
        byte[] bytes = [.. original];
        for (int change = random.Next(1, 5); change > 0 && bytes.Length > 0; change--)
        {
            int at = random.Next(bytes.Length);
            int length = random.Next(Math.Min(64, bytes.Length - at) + 1);
            switch (random.Next(8))
            {
                case 0 or 1 or 2:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 3:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 4:
                    bytes = bytes[..at];
                    break;
                case 5:
                    bytes = [.. bytes[..at], .. bytes[(at + length)..]];
                    break;
                case 6:
                    bytes = [.. bytes[..at], .. bytes[at..(at + length)], .. bytes[at..]];
                    break;
                default:
                    bytes.AsSpan(at, length).Clear();
                    break;
            }
        }
        return bytes;
    }
}

using System.Security.Cryptography;
using System.Text;

namespace P2PMiner.P2P.PrivateNetwork;

/// <summary>
/// The key of a private network, and the file that holds it (libp2p/specs, pnet/Private-Networks-PSK-V1.md): three lines,
/// "/key/swarm/psk/1.0.0/", "/base16/" and 64 hexadecimal digits.
/// </summary>
public sealed class PreSharedKey
{
    /// <summary>Length in bytes.</summary>
    public const int Size = XSalsa20.KeySize;

    private const string FileHeader = "/key/swarm/psk/1.0.0/";
    private const string Base16 = "/base16/";

    // The file has 95 characters; whatever is much longer is something else.
    private const int MaxFileSize = 1024;

    private readonly byte[] _bytes;

    private PreSharedKey(byte[] bytes) => _bytes = bytes;

    /// <summary>The secret itself.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <param name="key">32 secret bytes.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public static PreSharedKey FromBytes(ReadOnlySpan<byte> key) => key.Length == Size
        ? new PreSharedKey(key.ToArray())
        : throw new ArgumentException($"the key of a private network has {Size} bytes", nameof(key));

    /// <summary>A new random key.</summary>
    public static PreSharedKey Generate() => new(RandomNumberGenerator.GetBytes(Size));

    /// <summary>Reads the text of a key file; lines end in \n, \r\n or \r.</summary>
    /// <exception cref="FormatException">Not a key file; the message says what is wrong with it, and not what is in it.</exception>
    public static PreSharedKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        if (lines[0].Trim() != FileHeader)
            throw new FormatException($"a key file begins with the line {FileHeader}");
        if (lines.Length != 3)
            throw new FormatException("a key file has three lines: kind, encoding and key");
        if (lines[1].Trim() != Base16)
            throw new FormatException($"only keys in {Base16} are read");
        string digits = lines[2].Trim();
        if (digits.Length != 2 * Size || !digits.All(char.IsAsciiHexDigit))
            throw new FormatException($"the key has to be {2 * Size} hexadecimal digits");
        return new PreSharedKey(Convert.FromHexString(digits));
    }

    /// <summary>Reads a key file.</summary>
    /// <exception cref="FormatException">As of <see cref="Parse"/>, with the name of the file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The user may not read it.</exception>
    public static PreSharedKey Load(string path)
    {
        Span<byte> content = stackalloc byte[MaxFileSize + 1];
        using (FileStream file = File.OpenRead(path))
            content = content[..file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
        try
        {
            return content.Length <= MaxFileSize ? Parse(Encoding.UTF8.GetString(content)) : throw new FormatException("it is too long");
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{path} is not the key of a private network: {exception.Message}", exception);
        }
    }

    /// <summary>The text of a key file, which holds the secret.</summary>
    public string ToFileText() => $"{FileHeader}\n{Base16}\n{Convert.ToHexStringLower(_bytes)}\n";

    /// <summary>Says nothing of the secret, so that it does not get into a log.</summary>
    public override string ToString() => nameof(PreSharedKey);
}

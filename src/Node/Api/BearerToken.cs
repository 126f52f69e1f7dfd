using System.Security.Cryptography;
using System.Text;
using P2PMiner.Node.Configuration;

namespace P2PMiner.Node.Api;

/// <summary>The secret that clients of the HTTP API must show (RFC 6750), read from a file that only its owner can read.</summary>
internal sealed class BearerToken
{
    /// <summary>In characters; 16 random ones of base64 are 96 bits.</summary>
    private const int MinLength = 16;

    private const int MaxFileSize = 4096;
    private const string Scheme = "Bearer ";
    private const UnixFileMode OthersAccess =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly byte[] _digest;

    private BearerToken(string token)
    {
        Value = token;
        _digest = Digest(token);
    }

    /// <summary>The token itself, for a client.</summary>
    public string Value { get; }

    /// <exception cref="UsageException">The file is missing, open to others, or holds no usable token.</exception>
    public static BearerToken Read(string path)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & OthersAccess) != 0)
                throw new UsageException($"--http-token: others can read {path}; make it yours alone with: chmod 600 {path}");
            using FileStream file = File.OpenRead(path);
            byte[] buffer = new byte[MaxFileSize];
            string token = Encoding.UTF8.GetString(buffer, 0, file.ReadAtLeast(buffer, MaxFileSize, throwOnEndOfStream: false)).Trim();
            return token.Length >= MinLength && token.All(c => c is > ' ' and <= '~')
                ? new BearerToken(token)
                : throw new UsageException(
                    $"--http-token: {path} holds no token of {MinLength} or more printable characters; make one with: openssl rand -hex 32");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--http-token: cannot read {path}: {error.Message}");
        }
    }

    /// <summary>Whether an Authorization header shows the token; takes the same time for every wrong one.</summary>
    public bool IsShownBy(string? authorization) =>
        authorization is not null
        && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(Digest(authorization[Scheme.Length..]), _digest);

    /// <summary>Digests are of one length, so that a comparison does not tell the token's.</summary>
    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

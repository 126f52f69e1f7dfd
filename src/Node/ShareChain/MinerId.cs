using System.Diagnostics.CodeAnalysis;

namespace P2PMiner.Node.ShareChain;

/// <summary>Who a share is credited to: the bytes of the node's libp2p PeerId, 1 to 64 of them.</summary>
internal readonly struct MinerId : IEquatable<MinerId>
{
    /// <summary>The longest id, in bytes. An Ed25519 PeerId has 38.</summary>
    public const int MaxSize = 64;

    private readonly byte[]? _bytes;

    /// <param name="bytes">1 to <see cref="MaxSize"/> bytes; copied.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public MinerId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > MaxSize)
            throw new ArgumentException($"a miner id has 1 to {MaxSize} bytes, not {bytes.Length}", nameof(bytes));
        _bytes = bytes.ToArray();
    }

    /// <summary>The id's bytes; none for <c>default</c>, which no share carries.</summary>
    public ReadOnlySpan<byte> Span => _bytes;

    public bool Equals(MinerId other) => Span.SequenceEqual(other.Span);

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is MinerId other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>Lower-case hex.</summary>
    public override string ToString() => Convert.ToHexStringLower(Span);
}

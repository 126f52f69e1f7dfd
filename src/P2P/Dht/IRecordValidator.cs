namespace P2PMiner.P2P.Dht;

/// <summary>
/// Decides about the values of one namespace (libp2p/specs, kad-dht/README.md, "Entry validation"). Both methods are pure functions,
/// called from several threads, with keys and values that strangers chose.
/// </summary>
public interface IRecordValidator
{
    /// <summary>Whether a value may stand under a key.</summary>
    /// <param name="key">The whole key, "/namespace/rest".</param>
    /// <param name="value">The value, at most 32 KiB.</param>
    bool Validate(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>
    /// Orders two different valid values: positive if <paramref name="left"/> is the better one, negative if <paramref name="right"/> is.
    /// All nodes must order alike.
    /// </summary>
    int Compare(ReadOnlySpan<byte> key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right);
}

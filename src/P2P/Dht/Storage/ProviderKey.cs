using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Dht.Storage;

/// <summary>Keys of provider records: multihashes (libp2p/specs, kad-dht/README.md, "Content provider advertisement and discovery").</summary>
internal static class ProviderKey
{
    /// <summary>
    /// True for a multihash of any function: code, length, and as many bytes. js-libp2p understands only those of SHA-256 (0x12 0x20 …).
    /// </summary>
    internal static bool IsValid(ReadOnlySpan<byte> key) =>
        key.Length <= WireLimits.MaxProviderKeySize
        && Varint.Read(key, out _, out int code) == VarintStatus.Done
        && Varint.Read(key[code..], out ulong length, out int prefix) == VarintStatus.Done
        && length > 0
        && length == (ulong)(key.Length - code - prefix);
}

using System.Diagnostics.CodeAnalysis;
using P2PMiner.P2P.Dht.Wire;
using P2PMiner.P2P.Multiformats;

namespace P2PMiner.P2P.Dht.Storage;

/// <summary>
/// Keys of provider records: multihashes of any function (libp2p/specs, kad-dht/README.md, "Content provider advertisement and discovery").
/// js-libp2p understands only those of SHA-256.
/// </summary>
internal static class ProviderKey
{
    internal static bool TryDecode(ReadOnlySpan<byte> key, [NotNullWhen(true)] out Multihash? hash)
    {
        hash = null;
        return key.Length is > 2 and <= WireLimits.MaxProviderKeySize && Multihash.TryDecode(key, out hash);
    }
}

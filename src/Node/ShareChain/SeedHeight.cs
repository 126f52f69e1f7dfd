namespace P2PMiner.Node.ShareChain;

/// <summary>
/// Which link's id is the RandomX key at a height, by Monero's rule (monero-project/monero,
/// src/crypto/rx-slow-hash.c, <c>rx_seedheight</c>): keys last 2048 links and are known 64 links before they are used.
/// </summary>
internal static class SeedHeight
{
    /// <summary>Links per key.</summary>
    public const ulong EpochLength = 2048;

    /// <summary>How many links above the one that becomes a key still use the key before.</summary>
    public const ulong Lag = 64;

    /// <summary>Height of the link whose id is the key at <paramref name="height"/>.</summary>
    public static ulong Of(ulong height) => height <= EpochLength + Lag ? 0 : (height - Lag - 1) & ~(EpochLength - 1);
}

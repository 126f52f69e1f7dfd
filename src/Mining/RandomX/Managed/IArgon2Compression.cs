namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>
/// The compression function G of Argon2 (RFC 9106, section 3.5) in two steps: the first one tells where the next block's reference lies, so
/// that it is fetched during the second one.
/// </summary>
internal unsafe interface IArgon2Compression
{
    /// <summary>Begins a block that is made of two others.</summary>
    /// <param name="previous">128 words.</param>
    /// <param name="reference">128 words.</param>
    /// <param name="destination">128 words; what it held is XORed to the result unless <paramref name="isOverwriting"/>.</param>
    /// <param name="z">128 words to work in, aligned to 64 bytes.</param>
    /// <param name="isOverwriting">As in the first pass.</param>
    /// <returns>The block's first word, in which the index of the next block's reference is.</returns>
    static abstract ulong BeginBlock(ulong* previous, ulong* reference, ulong* destination, ulong* z, bool isOverwriting);

    /// <summary>Ends the block that was begun.</summary>
    static abstract void EndBlock(ulong* destination, ulong* z);
}

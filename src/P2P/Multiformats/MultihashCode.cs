namespace P2PMiner.P2P.Multiformats;

/// <summary>Hash functions by their numbers in the table of codecs (github.com/multiformats/multicodec).</summary>
internal enum MultihashCode : ulong
{
    /// <summary>No hash: the digest is the data.</summary>
    Identity = 0x00,

    /// <summary>SHA-256, 32 bytes.</summary>
    Sha256 = 0x12,
}

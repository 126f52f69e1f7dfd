using P2PMiner.Mining;

namespace P2PMiner.Node.ShareChain;

/// <summary>A link to be mined: everything but the extra nonce and the proof.</summary>
/// <param name="Header">The link's header, with extra nonce 0.</param>
/// <param name="NextKey">The chain's key of the next epoch once it is known; null under a Monero key.</param>
internal sealed record ShareTemplate(ShareHeader Header, Hash256? NextKey)
{
    /// <summary>What a Monero coinbase has to contain behind the 8 bytes of <paramref name="extraNonce"/>.</summary>
    public Hash256 Commitment(ulong extraNonce) => HeaderWith(extraNonce).Commitment();

    /// <summary>The share of a nonce that was found on the chain alone.</summary>
    public Share ToShare(ulong extraNonce, uint nonce) => Share.Embedded(HeaderWith(extraNonce), nonce);

    /// <summary>The share of a nonce that was found on a Monero block.</summary>
    /// <param name="extraNonce">The first 8 of the coinbase's reserved bytes.</param>
    /// <param name="proof">The Monero block.</param>
    /// <param name="share">The share on success.</param>
    /// <returns><see cref="ShareCodecError.None"/>, or why the block does not belong to this template.</returns>
    public ShareCodecError TryToShare(ulong extraNonce, MoneroProof proof, out Share? share) =>
        Share.TryMonero(HeaderWith(extraNonce), proof, out share);

    private ShareHeader HeaderWith(ulong extraNonce) => Header with { ExtraNonce = extraNonce };
}

using System.Numerics;

namespace P2PMiner.Mining.Monero;

/// <summary>
/// Monero's merkle root over transaction hashes (monero-project/monero, src/crypto/tree-hash.c; CryptoNote Standard 3).
/// With n leaves and p the largest power of two below n, the last 2(n − p) leaves are hashed in pairs first, which leaves
/// p nodes that are then paired level by level. One leaf is its own root.
/// </summary>
public static class TreeHash
{
    /// <summary>The merkle root.</summary>
    /// <exception cref="ArgumentException">No leaves.</exception>
    public static Hash256 Root(ReadOnlySpan<Hash256> leaves)
    {
        Hash256[] branch = CoinbaseBranch(leaves);
        return RootFromBranch(leaves[0], branch);
    }

    /// <summary>
    /// The siblings from leaf 0 (the coinbase) up to the root: what turns a coinbase hash into the merkle root without
    /// the other leaves. Empty for one leaf. Leaf 0 is the left child at every level.
    /// </summary>
    /// <exception cref="ArgumentException">No leaves.</exception>
    public static Hash256[] CoinbaseBranch(ReadOnlySpan<Hash256> leaves)
    {
        if (leaves.Length == 0)
            throw new ArgumentException("a merkle tree needs at least one leaf", nameof(leaves));
        if (leaves.Length == 1)
            return [];
        var branch = new List<Hash256>();
        int width = (int)(BitOperations.RoundUpToPowerOf2((uint)leaves.Length) / 2);
        var level = new Hash256[width];
        int kept = 2 * width - leaves.Length;
        leaves[..kept].CopyTo(level);
        for (int from = kept, to = kept; to < width; from += 2, to++)
            level[to] = Pair(leaves[from], leaves[from + 1]);
        if (kept == 0)
            branch.Add(leaves[1]);
        while (width > 1)
        {
            branch.Add(level[1]);
            width /= 2;
            for (int i = 0; i < width; i++)
                level[i] = Pair(level[2 * i], level[2 * i + 1]);
        }
        return [.. branch];
    }

    /// <summary>The root that <paramref name="coinbase"/> and its <see cref="CoinbaseBranch"/> lead to.</summary>
    public static Hash256 RootFromBranch(Hash256 coinbase, ReadOnlySpan<Hash256> branch)
    {
        foreach (Hash256 sibling in branch)
            coinbase = Pair(coinbase, sibling);
        return coinbase;
    }

    private static Hash256 Pair(Hash256 left, Hash256 right)
    {
        Span<byte> both = stackalloc byte[2 * Hash256.Size];
        left.CopyTo(both);
        right.CopyTo(both[Hash256.Size..]);
        return Keccak256.Hash(both);
    }
}

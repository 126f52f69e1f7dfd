using System.Buffers.Binary;
using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

/// <summary>Trees whose proof of work always holds, and shares that fit into them.</summary>
internal static class TestChain
{
    public const ulong Start = Genesis.Timestamp;

    public static readonly MinerId Alice = new([1, 2, 3]);
    public static readonly MinerId Bob = new([4, 5]);

    public static readonly Hash256 MoneroKey = Hash256.Parse(new string('a', 64));

    public static ShareTree NewTree(string cluster = "test") => new(Genesis.Of(cluster), (_, _) => Hash256.Zero, key => key == MoneroKey);

    /// <summary>A valid child of <paramref name="parent"/>.</summary>
    public static Share Child(Link parent, ulong solveSeconds = 10, ulong extraNonce = 0, uint nonce = 0) =>
        Share.Embedded(ChildHeader(parent, solveSeconds) with { ExtraNonce = extraNonce }, nonce);

    public static ShareHeader ChildHeader(Link parent, ulong solveSeconds = 10) => new()
    {
        Parent = parent.Id,
        Height = parent.Height + 1,
        Timestamp = parent.Timestamp + solveSeconds,
        Difficulty = parent.ChildDifficulty,
        CumulativeDifficulty = parent.CumulativeDifficulty + parent.ChildDifficulty,
        Key = parent.ChildKey,
        ExtraNonce = 0,
        Miner = Alice,
    };

    /// <summary>Adds a child of <paramref name="parent"/> and returns its link.</summary>
    public static Link Extend(ShareTree tree, Link parent, ulong solveSeconds = 10, ulong extraNonce = 0)
    {
        Share share = Child(parent, solveSeconds, extraNonce);
        AddResult result = tree.AddVerified(share, Math.Max(tree.Tip.Timestamp, share.Header.Timestamp));
        Assert.That(result.Status, Is.AnyOf(AddStatus.Added, AddStatus.NewTip), result.ToString());
        Assert.That(tree.TryGet(share.Id, out Link? link));
        return link!;
    }

    /// <summary>Adds <paramref name="count"/> links on top of the tip.</summary>
    public static void Grow(ShareTree tree, int count, ulong solveSeconds = 10)
    {
        for (int i = 0; i < count; i++)
        {
            Share share = Child(tree.Tip, solveSeconds);
            AddResult result = tree.AddVerified(share, share.Header.Timestamp);
            if (result.Status != AddStatus.NewTip)
                Assert.Fail($"link {share.Header.Height}: {result}");
        }
    }

    /// <summary>A Monero block of <paramref name="transactions"/> transactions that commits to <paramref name="header"/>.</summary>
    public static MoneroProof MoneroBlock(ShareHeader header, uint transactions = 1)
    {
        var leaves = new Hash256[transactions];
        for (int i = 1; i < leaves.Length; i++)
            leaves[i] = Keccak256.Hash(BitConverter.GetBytes(i));
        return new MoneroProof
        {
            MajorVersion = 16,
            MinorVersion = 16,
            Timestamp = 1_800_000_000,
            PreviousId = Hash256.Parse(new string('b', 64)),
            Nonce = 0xdeadbeef,
            TransactionCount = transactions,
            Branch = TreeHash.CoinbaseBranch(leaves),
            Coinbase = Coinbase(header),
        };
    }

    public static Share MoneroShare(ShareHeader header, uint transactions = 1)
    {
        Assert.That(Share.TryMonero(header, MoneroBlock(header, transactions), out Share? share), Is.EqualTo(ShareCodecError.None));
        return share!;
    }

    /// <summary>Version 2, one tagged output, a transaction key and the reserved bytes in the extra field.</summary>
    private static byte[] Coinbase(ShareHeader header)
    {
        var reserved = new byte[MoneroProof.ReservedSize];
        BinaryPrimitives.WriteUInt64LittleEndian(reserved, header.ExtraNonce);
        header.Commitment().CopyTo(reserved.AsSpan(sizeof(ulong)));
        byte[] extra = [0x01, .. Enumerable.Repeat((byte)7, 32), 0x02, MoneroProof.ReservedSize, .. reserved];
        return [2, 160, 1, 1, 0xff, 100, 1, 0xc0, 0x84, 0x3d, 3, .. Enumerable.Repeat((byte)9, 33), (byte)extra.Length, .. extra, 0];
    }
}

using P2PMiner.Mining;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

internal sealed class ShareCodecTests
{
    private const int ProofOffset = 122 + 3 + 1;
    private const int BranchLengthOffset = ProofOffset + 1 + 2 + 8 + 32 + 4 + 4;

    private static readonly ShareHeader Header = new()
    {
        Parent = Hash256.Parse(new string('1', 64)),
        Height = 0x0102030405060708,
        Timestamp = 0x1112131415161718,
        Difficulty = new UInt128(0x2122232425262728, 0x292a2b2c2d2e2f30),
        CumulativeDifficulty = new UInt128(0x3132333435363738, 0x393a3b3c3d3e3f40),
        Key = Hash256.Parse(new string('2', 64)),
        ExtraNonce = 0x4142434445464748,
        Miner = new MinerId([0x51, 0x52, 0x53]),
    };

    [Test]
    public void Encode_OfAnEmbeddedShare_HasTheDocumentedLayout()
    {
        const string expected = "02"
            + "1111111111111111111111111111111111111111111111111111111111111111"
            + "0807060504030201"
            + "1817161514131211"
            + "302f2e2d2c2b2a292827262524232221"
            + "403f3e3d3c3b3a393837363534333231"
            + "2222222222222222222222222222222222222222222222222222222222222222"
            + "4847464544434241"
            + "03515253"
            + "00"
            + "00" + "efbeadde";

        Assert.That(Convert.ToHexStringLower(ShareCodec.Encode(Share.Embedded(Header, 0xdeadbeef))), Is.EqualTo(expected));
    }

    [Test]
    public void Encode_OfUncles_IsAscendingWhateverTheirOrder()
    {
        Share share = Share.Embedded(Header with { Uncles = [Id('9'), Id('3'), Id('7')] }, 0);
        byte[] expected = [3, .. Id('3').ToArray(), .. Id('7').ToArray(), .. Id('9').ToArray(), 0, 0, 0, 0, 0];

        Assert.That(ShareCodec.Encode(share)[(ProofOffset - 1)..], Is.EqualTo(expected));
    }

    [Test]
    public void Decode_RefusesUnclesThatAreNotAscendingOrThereTwice()
    {
        byte[] bytes = ShareCodec.Encode(Share.Embedded(Header with { Uncles = [Id('3'), Id('7')] }, 0));
        byte[] swapped = [.. bytes];
        Id('7').CopyTo(swapped.AsSpan(ProofOffset));
        Assert.That(ErrorOf(swapped), Is.EqualTo(ShareCodecError.Uncles), "one twice");
        Id('3').CopyTo(swapped.AsSpan(ProofOffset + 32));
        Assert.That(ErrorOf(swapped), Is.EqualTo(ShareCodecError.Uncles), "out of order");
        Assert.That(() => Header with { Uncles = [Id('3'), Id('3')] }, Throws.ArgumentException);
        Assert.That(() => Header with { Uncles = [.. Enumerable.Range(0, UncleIds.Max + 1).Select(i => Keccak256.Hash([(byte)i]))] }, Throws.ArgumentException);
    }

    [Test]
    public void Id_CoversTheUncles()
    {
        Share without = Share.Embedded(Header, 5);
        Share with = Share.Embedded(Header with { Uncles = [Id('3')] }, 5);

        Assert.That(with.Id, Is.Not.EqualTo(without.Id));
        Assert.That(with.Header.Commitment(), Is.Not.EqualTo(without.Header.Commitment()));
        Assert.That(Share.TryMonero(with.Header, TestChain.MoneroBlock(without.Header), out _), Is.EqualTo(ShareCodecError.Commitment));
    }

    [Test]
    public void Encode_OfAMoneroShare_HasTheDocumentedLayout()
    {
        Share share = TestChain.MoneroShare(Header, transactions: 3);
        var proof = (MoneroProof)share.Proof;
        byte[] bytes = ShareCodec.Encode(share);

        byte[] expected =
        [
            .. ShareCodec.Encode(Share.Embedded(Header, 0))[..ProofOffset],
            1, 16, 16, 0x00, 0xd2, 0x49, 0x6b, 0, 0, 0, 0,
            .. proof.PreviousId.ToArray(), 0xef, 0xbe, 0xad, 0xde, 3, 0, 0, 0,
            1, .. proof.Branch.Span[0].ToArray(),
            (byte)proof.Coinbase.Length, 0, .. proof.Coinbase.Span,
        ];
        Assert.That(Convert.ToHexString(bytes), Is.EqualTo(Convert.ToHexString(expected)));
    }

    [TestCaseSource(nameof(Shares))]
    public void Decode_GivesBackTheShare(Share share)
    {
        byte[] bytes = ShareCodec.Encode(share);

        Assert.That(ShareCodec.TryDecode(bytes, out Share? decoded, out ShareCodecError error), error.ToString());
        Assert.That(decoded!.Id, Is.EqualTo(share.Id));
        Assert.That(decoded.Header, Is.EqualTo(share.Header));
        Assert.That(ShareCodec.Encode(decoded), Is.EqualTo(bytes));
        Assert.That(bytes, Has.Length.LessThanOrEqualTo(ShareCodec.MaxSize));
    }

    [TestCaseSource(nameof(Shares))]
    public void Decode_RefusesEveryOtherLength(Share share)
    {
        byte[] bytes = ShareCodec.Encode(share);

        for (int length = 0; length < bytes.Length; length++)
            Assert.That(ShareCodec.TryDecode(bytes.AsSpan(0, length), out _, out _), Is.False, $"{length} bytes");
        Assert.That(ErrorOf([.. bytes, 0]), Is.EqualTo(ShareCodecError.Length));
        Assert.That(ErrorOf(new byte[ShareCodec.MaxSize + 1]), Is.EqualTo(ShareCodecError.Length));
    }

    [TestCase(0, (byte)1, ShareCodecError.Version)]
    [TestCase(0, (byte)3, ShareCodecError.Version)]
    [TestCase(121, (byte)0, ShareCodecError.MinerId)]
    [TestCase(121, (byte)65, ShareCodecError.MinerId)]
    [TestCase(ProofOffset - 1, (byte)9, ShareCodecError.Uncles)]
    [TestCase(ProofOffset - 1, (byte)255, ShareCodecError.Uncles)]
    [TestCase(ProofOffset, (byte)2, ShareCodecError.ProofKind)]
    [TestCase(BranchLengthOffset, (byte)17, ShareCodecError.Branch)]
    [TestCase(BranchLengthOffset, (byte)2, ShareCodecError.Length)]
    [TestCase(BranchLengthOffset - 4, (byte)0, ShareCodecError.TransactionCount)]
    [TestCase(BranchLengthOffset - 4, (byte)4, ShareCodecError.TransactionCount)]
    [TestCase(33, (byte)0, ShareCodecError.Commitment)]
    [TestCase(113, (byte)0, ShareCodecError.Commitment)]
    public void Decode_NamesWhatIsWrong(int offset, byte value, ShareCodecError expected)
    {
        byte[] bytes = ShareCodec.Encode(TestChain.MoneroShare(Header, transactions: 3));
        bytes[offset] = value;

        Assert.That(ErrorOf(bytes), Is.EqualTo(expected));
    }

    [Test]
    public void TryMonero_RefusesCoinbasesThatAreNone()
    {
        MoneroProof proof = TestChain.MoneroBlock(Header);

        Assert.That(Share.TryMonero(Header, proof with { Coinbase = Array.Empty<byte>() }, out _), Is.EqualTo(ShareCodecError.Coinbase));
        Assert.That(Share.TryMonero(Header, proof with { Coinbase = proof.Coinbase[..^1] }, out _), Is.EqualTo(ShareCodecError.Coinbase));
        Assert.That(
            Share.TryMonero(Header, proof with { Coinbase = new byte[MoneroProof.MaxCoinbaseSize + 1] }, out _), Is.EqualTo(ShareCodecError.Coinbase));
    }

    [Test]
    public void TryMonero_RefusesReservedBytesOfAnotherHeader()
    {
        MoneroProof proof = TestChain.MoneroBlock(Header with { Height = 5 });

        Assert.That(Share.TryMonero(Header, proof, out _), Is.EqualTo(ShareCodecError.Commitment));
    }

    [Test]
    public void HashingBlob_OfAMoneroShare_IsThatOfItsBlock([Values(1u, 2u, 3u, 4u, 7u, 8u, 9u, 100u)] uint transactions)
    {
        Share share = TestChain.MoneroShare(Header, transactions);
        var proof = (MoneroProof)share.Proof;
        Hash256 root = TreeHash.RootFromBranch(CoinbaseTransaction.Hash(proof.Coinbase.Span), proof.Branch.Span);
        var blob = new HashingBlob(16, 16, proof.Timestamp, proof.PreviousId, root, transactions);

        Assert.That(share.Id, Is.EqualTo(blob.Id(proof.Nonce)));
    }

    [Test]
    public void Id_OfAnEmbeddedShare_IsTheBlockIdOfItsBlob()
    {
        var blob = new HashingBlob(1, 0, Header.Timestamp, Header.Parent, Header.Commitment(), 1);

        Assert.That(Share.Embedded(Header, 77).Id, Is.EqualTo(blob.Id(77)));
    }

    [Test]
    public void Commitment_IsTheHashOfDomainAndHeader()
    {
        byte[] preimage = [.. "p2p-miner/share/2\0"u8, .. ShareCodec.Encode(Share.Embedded(Header, 0)).AsSpan(0, ProofOffset)];

        Assert.That(Header.Commitment(), Is.EqualTo(Keccak256.Hash(preimage)));
    }

    [Test]
    public void MinerId_HasOneToSixtyFourBytes()
    {
        Assert.That(() => new MinerId([]), Throws.ArgumentException);
        Assert.That(() => new MinerId(new byte[65]), Throws.ArgumentException);
        byte[] bytes = [1, 2];
        var id = new MinerId(bytes);
        bytes[0] = 9;
        Assert.That(id, Is.EqualTo(new MinerId([1, 2])));
        Assert.That(id, Is.Not.EqualTo(new MinerId([1, 3])));
    }

    /// <summary>Every id covers every byte: a mutated share either does not decode or has another id.</summary>
    [Test]
    public void Decode_OfMutatedBytes_FailsOrIsCanonical()
    {
        var random = new Random(20260101);
        var seeds = Shares().Select(data => (Share)data.Arguments[0]!).ToDictionary(ShareCodec.Encode, share => share.Id);
        byte[][] originals = [.. seeds.Keys];
        int decodedCount = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] original = originals[random.Next(originals.Length)];
            byte[] mutated = Mutation.Of(original, random);
            if (!ShareCodec.TryDecode(mutated, out Share? share, out ShareCodecError error))
            {
                Assert.That(error, Is.Not.EqualTo(ShareCodecError.None));
                continue;
            }
            decodedCount++;
            Assert.That(ShareCodec.Encode(share), Is.EqualTo(mutated));
            Assert.That(share.Id == seeds[original], Is.EqualTo(mutated.AsSpan().SequenceEqual(original)));
        }
        Assert.That(decodedCount, Is.GreaterThan(1000));
    }

    private static IEnumerable<TestCaseData> Shares()
    {
        yield return new TestCaseData(Share.Embedded(Header, 5)).SetArgDisplayNames("embedded");
        yield return new TestCaseData(Share.Embedded(Header with { Miner = new MinerId(new byte[64]) }, 5)).SetArgDisplayNames("longest miner id");
        ShareHeader full = Header with { Uncles = [.. Enumerable.Range(0, UncleIds.Max).Select(i => Keccak256.Hash([(byte)i]))] };
        yield return new TestCaseData(Share.Embedded(full, 5)).SetArgDisplayNames("uncles");
        yield return new TestCaseData(TestChain.MoneroShare(full with { Miner = new MinerId(new byte[64]) }, 200)).SetArgDisplayNames("Monero, uncles");
        yield return new TestCaseData(TestChain.MoneroShare(Header)).SetArgDisplayNames("Monero, coinbase only");
        yield return new TestCaseData(TestChain.MoneroShare(Header, 3)).SetArgDisplayNames("Monero, 3 transactions");
        yield return new TestCaseData(TestChain.MoneroShare(Header, 200)).SetArgDisplayNames("Monero, 200 transactions");
    }

    private static Hash256 Id(char digit) => Hash256.Parse(new string(digit, 64));

    private static ShareCodecError ErrorOf(byte[] bytes)
    {
        Assert.That(ShareCodec.TryDecode(bytes, out Share? share, out ShareCodecError error), Is.False);
        Assert.That(share, Is.Null);
        return error;
    }
}

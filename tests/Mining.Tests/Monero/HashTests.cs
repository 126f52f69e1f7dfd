using System.Security.Cryptography;
using System.Text.Json;
using P2PMiner.Mining.Monero;

namespace P2PMiner.Mining.Tests.Monero;

[TestFixture]
internal sealed class HashTests
{
    private static IEnumerable<TestCaseData> Keccak => VectorFile.Cases("keccak-256.json");

    private static IEnumerable<TestCaseData> Sha256 => VectorFile.Cases("sha256.json");

    private static IEnumerable<TestCaseData> Trees => VectorFile.Cases("treehash.json");

    [TestCaseSource(nameof(Keccak))]
    public void Keccak256_GivesThePublishedDigest(JsonElement vector) =>
        Assert.That(Keccak256.Hash(Input(vector)), Is.EqualTo(vector.Hash("digest")));

    [TestCaseSource(nameof(Sha256))]
    public void Sha256_GivesThePublishedDigest(JsonElement vector) =>
        Assert.That(SHA256.HashData(Input(vector)), Is.EqualTo(vector.Hex("digest")));

    [Test]
    public void Keccak256_MayOverwriteItsInput()
    {
        byte[] bytes = [.. Enumerable.Range(0, 64).Select(i => (byte)i)];
        Hash256 expected = Keccak256.Hash(bytes);

        Keccak256.Hash(bytes, bytes);

        Assert.That(new Hash256(bytes.AsSpan(0, Keccak256.Size)), Is.EqualTo(expected));
        Assert.That(bytes[Keccak256.Size], Is.EqualTo(Keccak256.Size), "no byte beyond the digest is written");
    }

    [TestCaseSource(nameof(Trees))]
    public void TreeHash_GivesThePublishedRoot(JsonElement vector)
    {
        Hash256[] leaves = [.. vector.GetProperty("leaves").EnumerateArray().Select(leaf => Hash256.Parse(leaf.GetString()!))];

        Assert.That(TreeHash.Root(leaves), Is.EqualTo(vector.Hash("root")));
        Assert.That(TreeHash.RootFromBranch(leaves[0], TreeHash.CoinbaseBranch(leaves)), Is.EqualTo(vector.Hash("root")));
    }

    [Test]
    public void TreeHash_AgreesWithItsDefinitionForAllShapes()
    {
        var leaves = new List<Hash256>();
        for (int count = 1; count <= 300; count++)
        {
            leaves.Add(Keccak256.Hash(BitConverter.GetBytes(count)));
            Hash256[] all = [.. leaves];
            Assert.That(TreeHash.Root(all), Is.EqualTo(Define(all)), $"{count} leaves");

            Hash256[] branch = TreeHash.CoinbaseBranch(all);
            all[0] = Keccak256.Hash([1]);
            Assert.That(TreeHash.RootFromBranch(all[0], branch), Is.EqualTo(Define(all)), $"{count} leaves, another coinbase");
        }
    }

    [Test]
    public void TreeHash_NeedsALeaf()
    {
        Assert.That(() => TreeHash.Root([]), Throws.ArgumentException);
        Assert.That(() => TreeHash.CoinbaseBranch([]), Throws.ArgumentException);
    }

    /// <summary>Pairs from the end until a power of two is left, then a plain binary tree.</summary>
    private static Hash256 Define(Hash256[] nodes)
    {
        if (nodes.Length == 1)
            return nodes[0];
        int power = 1;
        while (2 * power < nodes.Length)
            power *= 2;
        var level = new LinkedList<Hash256>();
        int next = nodes.Length - 1;
        for (int i = 0; i < nodes.Length - power; i++, next -= 2)
            level.AddFirst(Keccak256.Hash([.. nodes[next - 1].ToArray(), .. nodes[next].ToArray()]));
        for (; next >= 0; next--)
            level.AddFirst(nodes[next]);
        return Define([.. level]);
    }

    private static byte[] Input(JsonElement vector)
    {
        byte[] once = vector.Hex("input");
        return [.. Enumerable.Repeat(once, vector.GetProperty("repeat").GetInt32()).SelectMany(bytes => bytes)];
    }
}

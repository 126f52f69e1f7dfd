using System.Globalization;
using System.Numerics;
using System.Text.Json;
using P2PMiner.Mining.Tests.Monero;

namespace P2PMiner.Mining.Tests;

[TestFixture]
internal sealed class DifficultyTests
{
    private const int RandomPairs = 10_000;

    private static readonly BigInteger Limit = BigInteger.One << 256;

    private static IEnumerable<TestCaseData> Checks => VectorFile.Cases("difficulty.json");

    private static IEnumerable<TestCaseData> Targets => VectorFile.Cases("difficulty.json", "targets");

    [TestCaseSource(nameof(Checks))]
    public void Hash_MeetsDifficultyAsPublished(JsonElement vector)
    {
        bool met = Difficulty.IsMet(vector.Hex("hash"), Number(vector, "difficulty"));

        Assert.That(met, Is.EqualTo(vector.GetProperty("met").GetBoolean()));
    }

    [TestCaseSource(nameof(Checks))]
    public void Target_IsTheLargestHashThatMeets(JsonElement vector)
    {
        UInt128 difficulty = Number(vector, "difficulty");
        Hash256 target = Difficulty.TargetOf(difficulty);

        var value = new BigInteger(target.ToArray(), isUnsigned: true);
        Assert.That(value, Is.EqualTo((Limit - 1) / (BigInteger)difficulty));
        Assert.That(Difficulty.IsMet(target.ToArray(), difficulty), Is.True);
        if (value < Limit - 1)
            Assert.That(Difficulty.IsMet(Bytes(value + 1), difficulty), Is.False);
    }

    [TestCaseSource(nameof(Checks))]
    public void DifficultyOfAHash_IsTheGreatestThatItMeets(JsonElement vector)
    {
        byte[] hash = vector.Hex("hash");
        UInt128 greatest = Difficulty.Of(new Hash256(hash));

        Assert.That(Difficulty.IsMet(hash, greatest), Is.True);
        if (greatest < UInt128.MaxValue)
            Assert.That(Difficulty.IsMet(hash, greatest + 1), Is.False);
    }

    [TestCaseSource(nameof(Targets))]
    public void UpperTarget_IsTheLastUpperWordThatMayMeet(JsonElement vector) =>
        Assert.That(
            (UInt128)Difficulty.UpperTarget(Number(vector, "difficulty")),
            Is.EqualTo(Number(vector, "first_upper_word_above") - 1));

    [Test]
    public void Zero_IsMetByNothingAndHasNoTarget()
    {
        Assert.That(Difficulty.IsMet(new byte[Hash256.Size], 0), Is.False);
        Assert.That(() => Difficulty.TargetOf(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void RandomPairs_AgreeWithBigInteger()
    {
        var random = new Random(1);
        int met = 0;
        for (int i = 0; i < RandomPairs; i++)
        {
            UInt128 difficulty = new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64()) >> random.Next(127);
            if (difficulty == 0)
                difficulty = 1;
            BigInteger edge = (Limit - 1) / (BigInteger)difficulty;
            BigInteger hash = random.Next(4) switch
            {
                0 => edge,
                1 => BigInteger.Min(edge + 1, Limit - 1),
                2 => edge * random.Next(1, 2000) / 1000 % Limit,
                _ => RandomHash(random),
            };
            bool expected = hash * (BigInteger)difficulty < Limit;
            Assert.That(Difficulty.IsMet(Bytes(hash), difficulty), Is.EqualTo(expected), $"{hash} × {difficulty}");
            Assert.That(Difficulty.TargetOf(difficulty).ToArray(), Is.EqualTo(Bytes(edge)));
            Assert.That(Difficulty.UpperTarget(difficulty), Is.EqualTo((ulong)(edge >> 192)));
            met += expected ? 1 : 0;
        }
        Assert.That(met, Is.InRange(RandomPairs / 4, 3 * RandomPairs / 4), "both outcomes are well covered");
    }

    private static UInt128 Number(JsonElement vector, string property) =>
        UInt128.Parse(vector.Text(property), CultureInfo.InvariantCulture);

    private static BigInteger RandomHash(Random random)
    {
        var bytes = new byte[Hash256.Size];
        random.NextBytes(bytes);
        return new BigInteger(bytes, isUnsigned: true) >> random.Next(256);
    }

    private static byte[] Bytes(BigInteger value)
    {
        var bytes = new byte[Hash256.Size];
        value.TryWriteBytes(bytes, out _, isUnsigned: true);
        return bytes;
    }
}

using P2PMiner.Node.ShareChain;

namespace P2PMiner.Node.Tests.ShareChain;

public class LinkDifficultyTests
{
    /// <summary>The specification "aserti3-2d" states an error of at most 0.013 %.</summary>
    [Test]
    public void PowerOfTwo_IsWithinTheErrorThatItsSpecificationStates()
    {
        for (uint x = 0; x < 65536; x++)
        {
            double exact = Math.Pow(2, x / 65536.0) * 65536;
            if (Math.Abs(LinkDifficulty.PowerOfTwo(x) - exact) > exact * 0.00013 + 0.5)
                Assert.Fail($"2^({x}/65536) × 65536 is {exact}, not {LinkDifficulty.PowerOfTwo(x)}");
        }
    }

    [Test]
    public void PowerOfTwo_NeverFalls()
    {
        for (uint x = 1; x < 65536; x++)
        {
            if (LinkDifficulty.PowerOfTwo(x) < LinkDifficulty.PowerOfTwo(x - 1))
                Assert.Fail($"falls at {x}");
        }
        Assert.That(LinkDifficulty.PowerOfTwo(0), Is.EqualTo(65536));
    }

    // 1,000,000 × 2^((10 − min(t, 60)) / 64), by the cubic
    [TestCase(10UL, 1_000_000UL)]
    [TestCase(0UL, 1_114_502UL)]
    [TestCase(60UL, 581_894UL)]
    [TestCase(61UL, 581_894UL)]
    [TestCase(ulong.MaxValue, 581_894UL)]
    public void Next_OfAMillion(ulong solveSeconds, ulong expected)
    {
        var next = (ulong)LinkDifficulty.Next(1_000_000, solveSeconds);

        double exact = 1e6 * Math.Pow(2, (10.0 - Math.Min(solveSeconds, 60)) / 64);
        Assert.That((double)next, Is.EqualTo(exact).Within(0.02).Percent);
        Assert.That(next, Is.EqualTo(expected));
    }

    [Test]
    public void Next_ClimbsFromTheMinimum()
    {
        UInt128 difficulty = LinkDifficulty.Minimum;
        for (int link = 0; link < 60; link++)
        {
            UInt128 next = LinkDifficulty.Next(difficulty, solveSeconds: 7);
            Assert.That(next, Is.GreaterThan(difficulty));
            difficulty = next;
        }
    }

    [Test]
    public void Next_StaysWithinItsBounds()
    {
        Assert.That(LinkDifficulty.Next(LinkDifficulty.Minimum, 60), Is.EqualTo(LinkDifficulty.Minimum));
        Assert.That(LinkDifficulty.Next(LinkDifficulty.Maximum, 0), Is.EqualTo(LinkDifficulty.Maximum));
        Assert.That(LinkDifficulty.Next(LinkDifficulty.Maximum, 60), Is.LessThan(LinkDifficulty.Maximum));
    }

    [Test]
    public void Next_FallsWithTheSolveTime([Values(100UL, 12345UL, 1UL << 60)] ulong parent)
    {
        for (ulong t = 1; t <= 60; t++)
            Assert.That(LinkDifficulty.Next(parent, t), Is.LessThanOrEqualTo(LinkDifficulty.Next(parent, t - 1)));
    }
}

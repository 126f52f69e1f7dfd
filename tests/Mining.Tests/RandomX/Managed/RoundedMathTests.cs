using System.Numerics;
using P2PMiner.Mining.RandomX.Managed.Vm;

namespace P2PMiner.Mining.Tests.RandomX.Managed;

/// <summary>Rounded results against exact ones, which are fractions of integers of any size.</summary>
public sealed class RoundedMathTests
{
    private const int Pairs = 20_000;

    /// <summary>Registers of group E can have all of these exponents; sums are of those of group F, which stay below.</summary>
    private const int LeastExponent = -300, GreatestExponent = 1023, GreatestOfSums = 60;

    /// <summary>Behind the point: more than any operand or result has.</summary>
    private const int Bits = 1200;

    private static readonly double[] Edges = [1, Math.BitDecrement(1), Math.BitIncrement(1), 3, 1.0 / 3, (1L << 53) - 1, 1L << 53, Math.ScaleB(1, -255), Math.ScaleB(1, 500), double.MaxValue];

    [Test]
    public void Result_IsTheNextOnTheSideOfItsMode(
        [Values(RoundingMode.TowardNegative, RoundingMode.TowardPositive, RoundingMode.TowardZero)] object mode,
        [Values("add", "subtract", "multiply", "divide", "root")] string operation)
    {
        Random random = new(5);
        foreach ((double x, double y) in Operands(random, isSigned: operation is "add" or "subtract"))
        {
            double result = Calculate(operation, x, y, (RoundingMode)mode);
            bool isDown = (RoundingMode)mode == RoundingMode.TowardNegative || ((RoundingMode)mode == RoundingMode.TowardZero && result > 0);
            if (ToExact(operation, x, y, result) == 0)
                continue;
            double beyond = isDown ? Math.BitIncrement(result) : Math.BitDecrement(result);
            Assert.That(
                (ToExact(operation, x, y, result), ToExact(operation, x, y, beyond)), Is.EqualTo(isDown ? (-1, 1) : (1, -1)),
                $"{operation} {x:R} and {y:R}: {result:R}");
        }
    }

    [Test]
    public void Sum_OfOpposites_IsNegativeZeroOnlyTowardNegative([Values] bool isSubtraction)
    {
        foreach (RoundingMode mode in Enum.GetValues<RoundingMode>())
        {
            double zero = isSubtraction ? RoundedMath.Subtract(1.5, 1.5, mode) : RoundedMath.Add(1.5, -1.5, mode);
            Assert.That((zero, double.IsNegative(zero)), Is.EqualTo((0.0, mode == RoundingMode.TowardNegative)), mode.ToString());
            Assert.That(double.IsNegative(RoundedMath.Add(0.0, 0.0, mode)), Is.False);
        }
    }

    private static IEnumerable<(double X, double Y)> Operands(Random random, bool isSigned)
    {
        double[] smaller = [.. Edges.Where(edge => edge < 1L << GreatestOfSums)];
        foreach (double x in isSigned ? smaller : Edges)
        {
            foreach (double y in smaller)
            {
                yield return (x, y);
                if (isSigned)
                    yield return (x, -y);
            }
        }
        for (int i = 0; i < Pairs; i++)
        {
            double x = Next(random, LeastExponent, isSigned ? GreatestOfSums : GreatestExponent);

            // Summands near each other: far apart the smaller one changes nothing but the rounding.
            int near = Math.ILogB(x) + random.Next(-GreatestOfSums, 1);
            double y = isSigned ? Next(random, near, near) : Next(random, -255, 32);
            yield return isSigned && random.Next(2) == 0 ? (x, -y) : (x, y);
        }
    }

    // Short fractions too, of which results are exact or halfway between two.
    private static double Next(Random random, int least, int greatest)
    {
        long fraction = random.NextInt64(1L << 52) >> (random.Next(3) == 0 ? random.Next(52) : 0);
        return Math.ScaleB(1 + fraction / (double)(1L << 52), random.Next(least, greatest + 1));
    }

    private static double Calculate(string operation, double x, double y, RoundingMode mode) => operation switch
    {
        "add" => RoundedMath.Add(x, y, mode),
        "subtract" => RoundedMath.Subtract(x, y, mode),
        "multiply" => RoundedMath.Multiply(x, y, mode),
        "divide" => RoundedMath.Divide(x, y, mode),
        _ => RoundedMath.SquareRoot(x, mode),
    };

    /// <summary>The sign of a result less the exact one.</summary>
    private static int ToExact(string operation, double x, double y, double result)
    {
        if (double.IsInfinity(result))
            return Math.Sign(result);
        return operation switch
        {
            "add" => (Fraction(result) - Fraction(x) - Fraction(y)).Sign,
            "subtract" => (Fraction(result) - Fraction(x) + Fraction(y)).Sign,
            "multiply" => (Fraction(result) << Bits).CompareTo(Fraction(x) * Fraction(y)),
            "divide" => (Fraction(result) * Fraction(y)).CompareTo(Fraction(x) << Bits),
            _ => (Fraction(result) * Fraction(result)).CompareTo(Fraction(x) << Bits),
        };
    }

    /// <summary>A number without its point.</summary>
    private static BigInteger Fraction(double x)
    {
        int shift = x == 0 ? 0 : Math.ILogB(x) - 52;
        return new BigInteger(Math.ScaleB(x, -shift)) << (Bits + shift);
    }
}

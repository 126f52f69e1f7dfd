namespace P2PMiner.Mining.RandomX.Managed.Vm;

/// <summary>
/// Double precision arithmetic in all four rounding modes of IEEE 754, made of operations that round to nearest. The
/// error of such an operation is itself a double, and its sign says which neighbour another mode takes: of a sum by Knuth's
/// TwoSum, of a product, quotient or root by a fused multiply-add. Operands are such as RandomX has: no NaN, no denormals, and
/// of products, quotients and roots positive (specification, chapter 5.3).
/// </summary>
internal static class RoundedMath
{
    public static double Add(double x, double y, RoundingMode mode)
    {
        double sum = x + y;
        if (mode == RoundingMode.TiesToEven)
            return sum;
        if (sum == 0)
            return mode == RoundingMode.TowardNegative && !(IsPositiveZero(x) && IsPositiveZero(y)) ? -0.0 : sum;
        double part = sum - x;
        return Round(sum, x - (sum - part) + (y - part), mode);
    }

    public static double Subtract(double x, double y, RoundingMode mode) => Add(x, -y, mode);

    public static double Multiply(double x, double y, RoundingMode mode)
    {
        double product = x * y;
        return mode == RoundingMode.TiesToEven ? product : Round(product, Remainder(x, y, product), mode);
    }

    public static double Divide(double x, double y, RoundingMode mode)
    {
        double quotient = x / y;
        if (mode == RoundingMode.TiesToEven || double.IsInfinity(x))
            return quotient;
        return Round(quotient, double.IsInfinity(quotient) ? double.NegativeInfinity : Math.FusedMultiplyAdd(-quotient, y, x), mode);
    }

    public static double SquareRoot(double x, RoundingMode mode)
    {
        double root = Math.Sqrt(x);
        if (mode == RoundingMode.TiesToEven || double.IsInfinity(x))
            return root;
        return Round(root, Math.FusedMultiplyAdd(-root, root, x), mode);
    }

    private static double Remainder(double x, double y, double product)
    {
        if (!double.IsInfinity(product))
            return Math.FusedMultiplyAdd(x, y, -product);
        return double.IsInfinity(x) || double.IsInfinity(y) ? 0 : double.NegativeInfinity;
    }

    // The exact result is nearest + error.
    private static double Round(double nearest, double error, RoundingMode mode)
    {
        bool isUp = mode switch
        {
            RoundingMode.TowardPositive => true,
            RoundingMode.TowardNegative => false,
            _ => nearest < 0,
        };
        if (isUp)
            return error > 0 ? Math.BitIncrement(nearest) : nearest;
        return error < 0 ? Math.BitDecrement(nearest) : nearest;
    }

    private static bool IsPositiveZero(double x) => BitConverter.DoubleToUInt64Bits(x) == 0;
}

namespace P2PMiner.Node.ShareChain;

/// <summary>
/// How hard the next link is: relative ASERT with clamped solve times that counts uncles,
/// <code>next = parent × 2^(((1 + u) T − min(solve time, 6 T)) / half-life)</code>
/// where the solve time is the parent's timestamp less the grandparent's and u the number of uncles that the parent names: it
/// is shares that come every T, not links. 2^x is computed in integers by the cubic that
/// Bitcoin Cash's specification "aserti3-2d" (2020-11-15) publishes, within 0.013 % of the exact value; so every node
/// gets the same number. docs/share-chain.md says why relative, why clamped and why with uncles, and shows the simulations.
/// </summary>
internal static class LinkDifficulty
{
    /// <summary>T: seconds per share, link or uncle, that the difficulty steers to.</summary>
    public const int TargetSeconds = 10;

    /// <summary>
    /// Seconds by which links have to come early, in sum, to double the difficulty. Short enough to follow a tenfold
    /// hash rate within 60 links, long enough that the difficulty of a steady one stays within ± 30 % (one standard
    /// deviation). A divisor of 2^16, so that exponents are exact.
    /// </summary>
    public const int HalfLifeSeconds = 64;

    /// <summary>Longer solve times count as this many seconds.</summary>
    public const int MaxSolveSeconds = 6 * TargetSeconds;

    /// <summary>The difficulty of the first link and the least of any: a link per 5 s at 20 H/s.</summary>
    public static readonly UInt128 Minimum = 100;

    /// <summary>The greatest difficulty, 2^96: 8 × 10^27 H/s. Leaves room for the product with a fixed-point factor.</summary>
    public static readonly UInt128 Maximum = UInt128.One << 96;

    private const int FractionBits = 16;
    private const uint One = 1 << FractionBits;

    /// <summary>The difficulty of a link whose parent had <paramref name="parent"/>.</summary>
    /// <param name="parent"><see cref="Minimum"/> to <see cref="Maximum"/>.</param>
    /// <param name="solveSeconds">The parent's timestamp less its own parent's.</param>
    /// <param name="uncles">How many the parent names; 0 to <see cref="UncleIds.Max"/>.</param>
    /// <returns><see cref="Minimum"/> to <see cref="Maximum"/>; rounded to the nearest, halves up.</returns>
    public static UInt128 Next(UInt128 parent, ulong solveSeconds, int uncles = 0)
    {
        int early = (1 + uncles) * TargetSeconds - (int)Math.Min(solveSeconds, MaxSolveSeconds);
        int exponent = early * (int)One / HalfLifeSeconds;
        int down = FractionBits - (exponent >> FractionBits);
        UInt128 product = parent * PowerOfTwo((uint)exponent & (One - 1));
        UInt128 next = (product + (UInt128.One << (down - 1))) >> down;
        return UInt128.Clamp(next, Minimum, Maximum);
    }

    /// <summary>2^(fraction / 65536) × 65536, for fractions below 65536 (aserti3-2d, "Python-code" and following).</summary>
    internal static uint PowerOfTwo(uint fraction)
    {
        ulong x = fraction;
        return One + (uint)((195766423245049UL * x + 971821376UL * x * x + 5127UL * x * x * x + (1UL << 47)) >> 48);
    }
}

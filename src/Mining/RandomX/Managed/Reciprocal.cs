using System.Numerics;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The reciprocal of IMUL_RCP (specification, chapter 5.2.6).</summary>
internal static class Reciprocal
{
    /// <summary>False for 0 and powers of two, with which IMUL_RCP does nothing.</summary>
    public static bool IsDefined(uint divisor) => (divisor & (divisor - 1)) != 0;

    /// <summary>2^x / divisor, rounded down, with the largest x that gives less than 2^64.</summary>
    public static ulong Of(uint divisor)
    {
        int x = 63 + 32 - BitOperations.LeadingZeroCount(divisor);
        return (ulong)(((UInt128)1 << x) / divisor);
    }
}

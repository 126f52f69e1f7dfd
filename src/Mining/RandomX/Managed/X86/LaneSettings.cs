using System.Runtime.Intrinsics.X86;

namespace P2PMiner.Mining.RandomX.Managed.X86;

/// <summary>How the machines of one thread share its processor.</summary>
/// <param name="Lanes">How many take turns, at least 1.</param>
/// <param name="Prefetch">How dataset lines are asked for ahead.</param>
internal readonly record struct LaneSettings(int Lanes, PrefetchKind Prefetch = PrefetchKind.Plain)
{
    /// <summary>Of all lines of the dataset.</summary>
    public const uint AllLines = Parameters.DatasetBaseSize - Parameters.ItemSize;

    /// <summary>Where the code has its rounding modes.</summary>
    public RoundingKind Rounding { get; init; } = BestRounding;

    /// <summary>
    /// The faster one here: changing MXCSR makes AMD's processors wait for all that runs (10 to 14 ns on Zen 4), so with AVX-512 they do without.
    /// </summary>
    public static RoundingKind BestRounding { get; } = Avx512F.IsSupported && IsAmd() ? RoundingKind.Embedded : RoundingKind.Register;

    /// <summary>A mask of dataset addresses. Others than <see cref="AllLines"/> give wrong hashes: with few lines a measurement shows what waiting costs.</summary>
    public uint LineMask { get; init; } = AllLines;

    /// <summary>The instruction of a lane's program before which the line of the lane before it is touched.</summary>
    public static int TouchIndex(RandomXVersion version) => version == RandomXVersion.V1 ? 64 : 96;

    /// <summary>The instruction before which the line of the lane before that one is fetched, which was touched meanwhile.</summary>
    public int FetchIndex(RandomXVersion version) => version == RandomXVersion.V2 ? 90 : Lanes < 4 ? 60 : 128;

    // CPUID leaf 0 gives the vendor's name, four letters in each register (AMD64 Architecture Programmer's Manual, volume 3, appendix E).
    private static bool IsAmd()
    {
        (_, int ebx, int ecx, int edx) = X86Base.CpuId(0, 0);
        return (ebx, edx, ecx) == (0x68747541, 0x69746E65, 0x444D4163);
    }
}

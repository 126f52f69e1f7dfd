using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.BenchEngine;

/// <summary>How long a share's proof of work takes to be checked without a dataset, alone and with others.</summary>
internal static class Verification
{
    public static void Measure(Report report, BenchSettings settings, Memories memories)
    {
        ManagedEngine engine = new();
        using IHasher native = RandomXVm.CreateLight(memories.NativeCache, RandomXCpu.SupportedFlags, memories.Pages);
        using IHasher interpreted = engine.CreateVerifier(memories.Cache, isCompiled: false, memories.Pages);
        using IHasher compiled = engine.CreateVerifier(memories.Cache, isCompiled: true, memories.Pages);
        List<(string, Func<double>)> sides =
        [
            ("librandomx", () => TimePerHash(native, 1)),
            ("interpreted", () => TimePerHash(interpreted, 1)),
        ];
        for (int waiting = 1; waiting <= compiled.Lanes; waiting *= 2)
        {
            int count = waiting;
            sides.Add(($"{count} at once", () => TimePerHash(compiled, count)));
        }
        report.Add("check of a share, light", "ms", Turns.Take(settings.Pairs, sides));
    }

    private static double TimePerHash(IHasher hasher, int waiting)
    {
        const int Rounds = 4;
        ReadOnlyMemory<byte>[] inputs = [.. Enumerable.Range(0, waiting).Select(i => (ReadOnlyMemory<byte>)new byte[76 + i])];
        byte[] hashes = new byte[waiting * Hash256.Size];
        TimeSpan start = CurrentThread.ProcessorTime;
        for (int round = 0; round < Rounds; round++)
            hasher.CalculateHashes(inputs, hashes);
        return (CurrentThread.ProcessorTime - start).TotalMilliseconds / Rounds / waiting;
    }
}

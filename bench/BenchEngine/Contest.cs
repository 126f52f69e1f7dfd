using System.Buffers.Binary;
using System.Diagnostics;
using P2PMiner.Hardware;
using P2PMiner.Mining;
using P2PMiner.Mining.RandomX.Engines;

namespace P2PMiner.BenchEngine;

/// <summary>One way of hashing.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Create">Makes a hasher.</param>
/// <param name="IsCompared">Whether its hashes must be those of the first one.</param>
internal sealed record Contestant(string Name, Func<IHasher> Create, bool IsCompared = true);

/// <summary>Hash rates of several ways of hashing, in turn.</summary>
internal static class Contest
{
    private const int InputSize = 76;

    /// <summary>Hashes per second of processor time, all threads together.</summary>
    /// <exception cref="BenchException">The hashes of two differ.</exception>
    public static void Run(Report report, string title, BenchSettings settings, int threads, IReadOnlyList<Contestant> contestants)
    {
        IHasher[][] hashers = [.. contestants.Select(_ => new IHasher[threads])];
        try
        {
            for (int i = 0; i < contestants.Count; i++)
            {
                for (int thread = 0; thread < threads; thread++)
                    hashers[i][thread] = contestants[i].Create();
            }
            Compare(contestants, hashers);
            report.Add(title, "H/s", Turns.Take(
                settings.Pairs,
                [.. contestants.Select((c, i) => (c.Name, (Func<double>)(() => Rate(hashers[i], settings))))]));
        }
        finally
        {
            foreach (IHasher? hasher in hashers.SelectMany(h => h))
                hasher?.Dispose();
        }
    }

    /// <summary>Hashes for a time; returns how many.</summary>
    public static int Hash(IHasher hasher, TimeSpan time)
    {
        byte[] inputs = new byte[hasher.Lanes * InputSize];
        byte[] hashes = new byte[hasher.Lanes * Hash256.Size];
        SetNonces(inputs, hasher.Lanes, 0);
        hasher.First(inputs);
        TimeSpan end = CurrentThread.ProcessorTime + time;
        int count = 0;
        do
        {
            // Always other inputs: the same hash again would find its lines of the dataset in the CPU's caches.
            SetNonces(inputs, hasher.Lanes, count + hasher.Lanes);
            hasher.Next(inputs, hashes);
            count += hasher.Lanes;
        }
        while (CurrentThread.ProcessorTime < end);
        return count;
    }

    /// <summary>Writes numbers that follow one another to as many inputs.</summary>
    public static void SetNonces(byte[] inputs, int lanes, int first)
    {
        for (int lane = 0; lane < lanes; lane++)
            BinaryPrimitives.WriteInt32LittleEndian(inputs.AsSpan(inputs.Length / lanes * lane), first + lane);
    }

    /// <summary>Hashes per second while other programs rest.</summary>
    public static double RateByClock(IHasher[] hashers, BenchSettings settings)
    {
        int[] counts = new int[hashers.Length];
        long start = Stopwatch.GetTimestamp();
        Turns.OnThreads(hashers.Length, settings.Cpus, i => counts[i] = Hash(hashers[i], settings.Slice));
        return counts.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Rate(IHasher[] hashers, BenchSettings settings)
    {
        int[] counts = new int[hashers.Length];
        double[] seconds = Turns.OnThreads(hashers.Length, settings.Cpus, i => counts[i] = Hash(hashers[i], settings.Slice));
        return counts.Zip(seconds, (count, time) => count / time).Sum();
    }

    private static void Compare(IReadOnlyList<Contestant> contestants, IHasher[][] hashers)
    {
        byte[] expected = new byte[Hash256.Size];
        byte[] hash = new byte[Hash256.Size];
        hashers[0][0].CalculateHash("compared"u8, expected);
        for (int i = 1; i < contestants.Count; i++)
        {
            hashers[i][0].CalculateHash("compared"u8, hash);
            if (contestants[i].IsCompared && !hash.AsSpan().SequenceEqual(expected))
                throw new BenchException($"{contestants[i].Name} gives another hash than {contestants[0].Name}");
        }
    }
}

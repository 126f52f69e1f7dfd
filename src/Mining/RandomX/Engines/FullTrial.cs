using System.Buffers.Binary;
using P2PMiner.Hardware;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>Measures machines on a dataset, with as many threads as will mine, and compares their first hashes with known ones.</summary>
/// <param name="dataset">Complete.</param>
/// <param name="verifier">Hashes with the cache of the same key.</param>
/// <param name="threads">At least 1.</param>
/// <param name="pages">Of scratchpads.</param>
internal sealed class FullTrial(RandomXDataset dataset, IHasher verifier, int threads, PagePreference pages)
{
    private const int InputSize = 76;

    private byte[] _expected = [];

    /// <summary>Hashes per second of processor time, all threads together; null for wrong hashes.</summary>
    /// <param name="machine">What is measured.</param>
    /// <param name="slice">For how long, at least one batch of hashes.</param>
    /// <exception cref="InsufficientMemoryException">No memory for the machines.</exception>
    public double? Measure(FullMachine machine, TimeSpan slice)
    {
        IHasher[] hashers = new IHasher[threads];
        try
        {
            for (int i = 0; i < threads; i++)
                hashers[i] = machine.Create(dataset, pages);
            return IsRight(hashers[0]) ? Run(hashers, slice) : null;
        }
        finally
        {
            foreach (IHasher? hasher in hashers)
                hasher?.Dispose();
        }
    }

    /// <summary>Whether a machine gives the hashes that the cache gives.</summary>
    public bool IsRight(FullMachine machine)
    {
        using IHasher hasher = machine.Create(dataset, pages);
        return IsRight(hasher);
    }

    private static byte[] Inputs(int lanes)
    {
        byte[] inputs = new byte[lanes * InputSize];
        for (int lane = 0; lane < lanes; lane++)
            inputs[lane * InputSize] = (byte)lane;
        return inputs;
    }

    private bool IsRight(IHasher hasher)
    {
        byte[] inputs = Inputs(hasher.Lanes);
        byte[] hashes = new byte[hasher.Lanes * Hash256.Size];
        hasher.First(inputs);
        // Twice: the first scratchpads are filled by themselves, all others together with the end of the hash before.
        for (int i = 0; i < 2; i++)
        {
            hasher.Next(inputs, hashes);
            if (!hashes.AsSpan().SequenceEqual(Expected(hasher.Lanes)))
                return false;
        }
        return true;
    }

    // Those that are missing all at once as far as the verifier can: mining waits for them.
    private ReadOnlySpan<byte> Expected(int lanes)
    {
        byte[] inputs = Inputs(lanes);
        while (_expected.Length < lanes * Hash256.Size)
        {
            int known = _expected.Length / Hash256.Size;
            int count = Math.Min(lanes - known, verifier.Lanes);
            Array.Resize(ref _expected, (known + count) * Hash256.Size);
            verifier.CalculateHashes(
                [.. Enumerable.Range(known, count).Select(lane => new ReadOnlyMemory<byte>(inputs, lane * InputSize, InputSize))],
                _expected.AsSpan(known * Hash256.Size));
        }
        return _expected.AsSpan(0, lanes * Hash256.Size);
    }

    private static double Run(IHasher[] hashers, TimeSpan slice)
    {
        double[] rates = new double[hashers.Length];
        Task[] running = [.. hashers.Select((hasher, i) => Task.Factory.StartNew(
            () => rates[i] = Run(hasher, slice), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WaitAll(running);
        return rates.Sum();
    }

    // Processor time, because the light hashes go on meanwhile.
    private static double Run(IHasher hasher, TimeSpan slice)
    {
        byte[] inputs = Inputs(hasher.Lanes);
        byte[] hashes = new byte[hasher.Lanes * Hash256.Size];
        hasher.First(inputs);
        hasher.Next(inputs, hashes);
        TimeSpan start = CurrentThread.ProcessorTime;
        TimeSpan elapsed;
        int count = 0;
        do
        {
            // Always other inputs: the same hash again would find its lines of the dataset in the CPU's caches.
            for (int lane = 0; lane < hasher.Lanes; lane++)
                BinaryPrimitives.WriteInt32LittleEndian(inputs.AsSpan(lane * InputSize), count + lane);
            hasher.Next(inputs, hashes);
            count += hasher.Lanes;
            elapsed = CurrentThread.ProcessorTime - start;
        }
        while (elapsed < slice);
        return count / elapsed.TotalSeconds;
    }
}

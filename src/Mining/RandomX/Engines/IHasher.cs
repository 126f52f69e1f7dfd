using P2PMiner.Hardware;

namespace P2PMiner.Mining.RandomX.Engines;

/// <summary>
/// Computes RandomX hashes with one key, one input or several (<see cref="Lanes"/>) at a time; keeps its cache or dataset alive.
/// For one thread at a time.
/// </summary>
public interface IHasher : IDisposable
{
    /// <summary>The key that hashes are computed with.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <summary>Whether it reads a dataset (fast) or computes items from a cache.</summary>
    bool IsFull { get; }

    /// <summary>How many inputs <see cref="First"/> and <see cref="Next"/> take at once; never changes.</summary>
    int Lanes { get; }

    /// <summary>The pages of the scratchpads, to be asked after a first hash. Takes milliseconds.</summary>
    PageKind PageKind { get; }

    /// <summary>Computes one hash, in the time of <see cref="Lanes"/>. Ends a pipeline that was begun with <see cref="First"/>.</summary>
    /// <param name="input">Any length.</param>
    /// <param name="output">At least 32 bytes.</param>
    /// <exception cref="ArgumentException">A shorter output.</exception>
    void CalculateHash(ReadOnlySpan<byte> input, Span<byte> output);

    /// <summary>Computes several hashes, which together take less time than one after the other. Ends a pipeline.</summary>
    /// <param name="inputs">At most <see cref="Lanes"/>, of any lengths.</param>
    /// <param name="hashes">32 bytes per input.</param>
    /// <exception cref="ArgumentException">More inputs, or fewer bytes for hashes.</exception>
    void CalculateHashes(ReadOnlySpan<ReadOnlyMemory<byte>> inputs, Span<byte> hashes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(inputs.Length, Lanes, nameof(inputs));
        for (int i = 0; i < inputs.Length; i++)
            CalculateHash(inputs[i].Span, hashes.Slice(i * Hash256.Size, Hash256.Size));
    }

    /// <summary>Begins a pipeline: takes the first inputs. <see cref="Next"/> gives their hashes.</summary>
    /// <param name="inputs">One per lane, equally long, one behind the other.</param>
    void First(ReadOnlySpan<byte> inputs);

    /// <summary>Gives the hashes of the previous inputs and takes the next ones.</summary>
    /// <param name="nextInputs">As for <see cref="First"/>.</param>
    /// <param name="hashes">32 bytes per lane.</param>
    /// <exception cref="ArgumentException">Fewer bytes for hashes.</exception>
    /// <exception cref="InvalidOperationException">No inputs are pending.</exception>
    void Next(ReadOnlySpan<byte> nextInputs, Span<byte> hashes);

    /// <summary>
    /// As <see cref="Next"/>, but gives all inputs up once they are not wanted any more, where its hashes take long enough to ask.
    /// </summary>
    /// <param name="nextInputs">As for <see cref="First"/>.</param>
    /// <param name="hashes">32 bytes per lane.</param>
    /// <param name="isWanted">Asked meanwhile, by the calling thread.</param>
    /// <returns>Whether there are hashes; if not, the pipeline has ended.</returns>
    /// <exception cref="ArgumentException">Fewer bytes for hashes.</exception>
    /// <exception cref="InvalidOperationException">No inputs are pending.</exception>
    bool TryNext(ReadOnlySpan<byte> nextInputs, Span<byte> hashes, Func<bool> isWanted)
    {
        Next(nextInputs, hashes);
        return true;
    }
}

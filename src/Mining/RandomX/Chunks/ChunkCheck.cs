using P2PMiner.Mining.RandomX.Engines;
using P2PMiner.Mining.RandomX.Native;

namespace P2PMiner.Mining.RandomX.Chunks;

/// <summary>Fills a span with numbers that nobody can foresee.</summary>
internal delegate void RandomFill(Span<byte> bytes);

/// <summary>
/// Compares items that came from elsewhere with items computed from the cache. They are drawn anew each time, evenly and with
/// replacement, so that of items of which the fraction f is wrong, n draws find one with probability 1 - (1 - f)^n.
/// </summary>
/// <param name="dataset">Not complete.</param>
/// <param name="cache">Of the same key.</param>
/// <param name="random">Draws.</param>
internal sealed class ChunkCheck(RandomXDataset dataset, IRandomXCache cache, RandomFill random)
{
    /// <summary>Draws per chunk of 16,384 items: computing them costs 3 % of computing the chunk.</summary>
    internal const int DrawsPerChunk = 512;

    /// <summary>Draws among all chunks of a source, when the dataset is otherwise done.</summary>
    internal const int DrawsPerSource = 16_384;

    private const int ItemSize = RandomXLibrary.DatasetItemSize;

    /// <summary>Whether a chunk looks right, in its place or not yet.</summary>
    /// <param name="firstItem">Of the chunk. Its place in the dataset is written by nobody else meanwhile; the items that are looked at may be right there afterwards.</param>
    /// <param name="bytes">The chunk, whole items.</param>
    /// <param name="draws">At most <see cref="DrawsPerChunk"/>.</param>
    internal bool IsRight(int firstItem, ReadOnlySpan<byte> bytes, int draws = DrawsPerChunk)
    {
        int count = bytes.Length / ItemSize;
        Span<int> drawn = stackalloc int[DrawsPerChunk];
        drawn = drawn[..draws];
        Draw(drawn, firstItem, count);
        Span<byte> found = stackalloc byte[draws * ItemSize];
        Span<byte> computed = stackalloc byte[draws * ItemSize];
        for (int i = 0; i < drawn.Length; i++)
            bytes.Slice((drawn[i] - firstItem) * ItemSize, ItemSize).CopyTo(found[(i * ItemSize)..]);
        cache.ComputeItems(drawn, computed, dataset);
        return found.SequenceEqual(computed);
    }

    /// <summary>Whether chunks that are in their place look right, all together. The items that are looked at may be right afterwards.</summary>
    /// <param name="chunks">Their numbers.</param>
    /// <param name="queue">Knows their size.</param>
    internal bool AreRight(IReadOnlyList<int> chunks, ChunkQueue queue)
    {
        Span<int> drawn = stackalloc int[DrawsPerChunk];
        Span<int> which = stackalloc int[DrawsPerChunk];
        byte[] found = new byte[DrawsPerChunk * ItemSize];
        byte[] computed = new byte[DrawsPerChunk * ItemSize];
        bool isRight = true;
        for (int draws = 0; draws < DrawsPerSource && isRight && chunks.Count > 0; draws += DrawsPerChunk)
        {
            Draw(which, 0, chunks.Count);
            for (int i = 0; i < drawn.Length; i++)
                Draw(drawn.Slice(i, 1), ChunkQueue.FirstItem(chunks[which[i]]), queue.ItemCount(chunks[which[i]]));
            for (int i = 0; i < drawn.Length; i++)
                dataset.CopyItems(drawn[i], found.AsSpan(i * ItemSize, ItemSize));
            cache.ComputeItems(drawn, computed, dataset);
            isRight = found.AsSpan().SequenceEqual(computed);
        }
        return isRight;
    }

    // The remainder of 32 bits by at most 2^14 favours no item noticeably.
    private void Draw(Span<int> numbers, int first, int count)
    {
        random(System.Runtime.InteropServices.MemoryMarshal.AsBytes(numbers));
        foreach (ref int number in numbers)
            number = first + (int)((uint)number % (uint)count);
    }
}

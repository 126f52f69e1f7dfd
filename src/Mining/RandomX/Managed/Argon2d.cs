using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace P2PMiner.Mining.RandomX.Managed;

/// <summary>The memory filling of Argon2d with one lane, version 0x13 (RFC 9106, section 3); there is no tag.</summary>
internal static unsafe class Argon2d
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockSize = 1024;

    private const int VectorSize512 = 64;
    private const int VectorSize256 = 32;
    private const int VectorSize128 = 16;
    private const int BlockWords = BlockSize / 8;
    private const int Slices = 4;
    private const int MaxInputSize = 256;

    /// <summary>Fills <paramref name="memory"/>, <paramref name="blocks"/> × 1 KiB.</summary>
    /// <param name="memory">Aligned to 8 bytes.</param>
    /// <param name="blocks">A multiple of 4, at least 8.</param>
    /// <param name="passes">At least 1.</param>
    /// <param name="password">With the salt at most 216 bytes.</param>
    /// <param name="salt">Not secret.</param>
    /// <param name="maxVector">Bytes of a vector, at most: 64, 32, 16, or 0 for none.</param>
    /// <param name="cancellation">Ends the work after the quarter of a pass under way.</param>
    /// <exception cref="OperationCanceledException">The memory is filled in part.</exception>
    public static void Fill(
        byte* memory, int blocks, int passes, ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int maxVector = VectorSize512,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 2 * Slices);
        ArgumentOutOfRangeException.ThrowIfNotEqual(blocks % Slices, 0, nameof(blocks));
        ArgumentOutOfRangeException.ThrowIfLessThan(passes, 1);
        WriteFirstBlocks(memory, blocks, passes, password, salt);
        if (maxVector >= VectorSize512 && Argon2Vector512.IsSupported)
            FillPasses<Argon2Vector512>((ulong*)memory, blocks, passes, cancellation);
        else if (maxVector >= VectorSize256 && Argon2Vector.IsSupported)
            FillPasses<Argon2Vector>((ulong*)memory, blocks, passes, cancellation);
        else if (maxVector >= VectorSize128 && Argon2Vector128.IsSupported)
            FillPasses<Argon2Vector128>((ulong*)memory, blocks, passes, cancellation);
        else
            FillPasses<Argon2Scalar>((ulong*)memory, blocks, passes, cancellation);
    }

    private static void FillPasses<TCompression>(ulong* memory, int blocks, int passes, CancellationToken cancellation)
        where TCompression : IArgon2Compression
    {
        for (int pass = 0; pass < passes; pass++)
        {
            for (int slice = 0; slice < Slices; slice++)
            {
                cancellation.ThrowIfCancellationRequested();
                FillSegment<TCompression>(memory, blocks, pass, slice);
            }
        }
    }

    // RFC 9106, section 3.2, steps 1, 3 and 4: H0, and from it the first two blocks.
    private static void WriteFirstBlocks(byte* memory, int blocks, int passes, ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt)
    {
        Span<byte> input = stackalloc byte[MaxInputSize];
        int length = 0;
        foreach (int word in (ReadOnlySpan<int>)[1, 0, blocks, passes, 0x13, 0])
            Append(input, ref length, word);
        Append(input, ref length, password.Length);
        password.CopyTo(input[length..]);
        length += password.Length;
        Append(input, ref length, salt.Length);
        salt.CopyTo(input[length..]);
        length += salt.Length;
        Append(input, ref length, 0);
        Append(input, ref length, 0);

        Span<byte> seed = stackalloc byte[64 + 8];
        seed.Clear();
        Blake2b.Hash(input[..length], seed[..64]);
        HashLong(seed, new Span<byte>(memory, BlockSize));
        BinaryPrimitives.WriteInt32LittleEndian(seed[64..], 1);
        HashLong(seed, new Span<byte>(memory + BlockSize, BlockSize));
    }

    private static void Append(Span<byte> input, ref int length, int word)
    {
        BinaryPrimitives.WriteInt32LittleEndian(input[length..], word);
        length += 4;
    }

    // RFC 9106, section 3.3: H' with an output longer than 64 bytes.
    private static void HashLong(ReadOnlySpan<byte> seed, Span<byte> output)
    {
        Span<byte> first = stackalloc byte[4 + seed.Length];
        BinaryPrimitives.WriteInt32LittleEndian(first, output.Length);
        seed.CopyTo(first[4..]);
        Span<byte> v = stackalloc byte[64];
        Blake2b.Hash(first, v);
        while (output.Length > 64)
        {
            v[..32].CopyTo(output);
            output = output[32..];
            Blake2b.Hash(v, output.Length > 64 ? v : v[..output.Length]);
        }
        v[..output.Length].CopyTo(output);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FillSegment<TCompression>(ulong* memory, int blocks, int pass, int slice)
        where TCompression : IArgon2Compression
    {
        int segment = blocks / Slices;
        int start = pass == 0 && slice == 0 ? 2 : 0;
        ulong* room = stackalloc ulong[BlockWords + VectorSize512 / 8];
        ulong* scratch = (ulong*)(((nuint)room + VectorSize512 - 1) & ~(nuint)(VectorSize512 - 1));
        int first = slice * segment + start;
        int reference = Reference((uint)memory[(long)(first == 0 ? blocks - 1 : first - 1) * BlockWords], blocks, pass, slice, start);
        for (int i = start; i < segment; i++)
        {
            int current = slice * segment + i;
            int previous = current == 0 ? blocks - 1 : current - 1;
            ulong* currentBlock = memory + (long)current * BlockWords;
            ulong word = TCompression.BeginBlock(
                memory + (long)previous * BlockWords, memory + (long)reference * BlockWords, currentBlock, scratch, isOverwriting: pass == 0);
            // The next reference is on its way while the rest of this block is computed.
            reference = Reference((uint)word, blocks, pass, slice, i + 1);
            Prefetch(memory + (long)reference * BlockWords);
            TCompression.EndBlock(currentBlock, scratch);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(ulong* block)
    {
        const int LineWords = 8;
        if (!Sse.IsSupported)
            return;
        for (int i = 0; i < BlockWords; i += LineWords)
            Sse.Prefetch0(block + i);
    }

    // RFC 9106, section 3.4.2, for one lane: all blocks but those of the segment that is overwritten next, and the previous one.
    private static int Reference(uint random, int blocks, int pass, int slice, int index)
    {
        int segment = blocks / Slices;
        int area = pass == 0 ? slice * segment + index - 1 : blocks - segment + index - 1;
        ulong x = (ulong)random * random >> 32;
        int relative = area - 1 - (int)((ulong)area * x >> 32);
        int start = pass == 0 || slice == Slices - 1 ? 0 : (slice + 1) * segment;
        int sum = start + relative;
        return sum < blocks ? sum : sum - blocks;
    }
}
